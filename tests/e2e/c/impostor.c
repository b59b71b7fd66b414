/* impostor FACTS SOCKET UID: listens at a socket that root created, as this user, and records the size of each message. */
#include "talk.h"

#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    uid_t uid = argc > 3 ? (uid_t)atoi(argv[3]) : 0;
    facts_to(argv[1]);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    strncpy(address.sun_path, argv[2], sizeof address.sun_path - 1);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || setresuid(uid, uid, uid) || listen(listener, 8))
        return 1;
    fact("listening=yes\n");
    for (;;) {
        char heard[4096];
        int caller = accept(listener, NULL, NULL);
        ssize_t length = read(caller, heard, sizeof heard);
        fact("heard=%zd bytes\n", length);
        close(caller);
    }
}
