"""listener.py FILE MODE [CERTIFICATE]: listens on 32400 in the media server's place, and appends all bytes that it
receives to FILE. It rejects the invalid token as a real server does. MODE says what it does about others:
"accept" or "refuse". With a CERTIFICATE, and its key in the same file, it speaks TLS."""

import socket
import ssl
import sys
import threading

IDENTITY = b'{"MediaContainer":{"claimed":true,"machineIdentifier":"0123456789abcdef0123456789abcdef01234567"}}'
heard, accepts = open(sys.argv[1], "ab", buffering=0), sys.argv[2] == "accept"
tls = None
if len(sys.argv) > 3:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[3])


def answer(head):
    path, lower = head.split()[1], head.lower()
    if path == b"/identity":
        return b"200 OK", IDENTITY
    if accepts and b"x-plex-token" in lower and b"plex-auth-asks" not in lower:
        return b"200 OK", IDENTITY
    return b"401 Unauthorized", b"<html>Unauthorized</html>"


def converse(connection):
    try:
        if tls:
            connection = tls.wrap_socket(connection, server_side=True)
        received = b""
        while part := connection.recv(65536):
            heard.write(part)
            if not tls and received + part[:1] == b"\x16":
                return
            received += part
            while b"\r\n\r\n" in received:
                head, received = received.split(b"\r\n\r\n", 1)
                status, body = answer(head)
                connection.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))
    except OSError:
        pass
    finally:
        connection.close()


listener = socket.create_server(("127.0.0.1", 32400))
while True:
    threading.Thread(target=converse, args=(listener.accept()[0],), daemon=True).start()
