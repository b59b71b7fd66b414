"""python-plexapi, an independent client, against the fake plex.tv: its calls work as with the real one.

usage: check.py FAKEPLEX DIRECTORY, the program and the directory of the running server.

The library is unmodified. Its addresses are fixed, so the sockets are redirected: connections to plex.tv go to the fake,
with TLS and the certificate's name checked as for plex.tv; connections to other hosts fail.
"""

import json
import os
import socket
import subprocess
import sys
import time
import unittest
from urllib.parse import urlsplit

FAKEPLEX, DIRECTORY = sys.argv[1:3]
# Read when the library is imported: a fixed client identifier, and no configuration of the user who runs this.
os.environ["PLEXAPI_CONFIG_PATH"] = os.path.join(DIRECTORY, "no-such-configuration")
os.environ["PLEXAPI_HEADER_IDENTIFIER"] = "python-plexapi"

import requests  # noqa: E402
import urllib3  # noqa: E402
from plexapi.exceptions import BadRequest, NotFound, TwoFactorRequired, Unauthorized  # noqa: E402
from plexapi.myplex import MyPlexAccount, MyPlexPinLogin  # noqa: E402
from requests.adapters import HTTPAdapter  # noqa: E402

MACHINE = "0123456789abcdef0123456789abcdef01234567"
OLGA = "TOKEN-SECRET-olga"
HOSTS = ("plex.tv", "clients.plex.tv", "app.plex.tv")

with open(os.path.join(DIRECTORY, "address"), encoding="ascii") as file:
    PORT = urlsplit(file.read().strip()).port


class Connection(urllib3.connection.HTTPSConnection):
    """A connection to the fake. Only the socket differs."""

    def _new_conn(self):
        if self.host not in HOSTS:
            raise urllib3.exceptions.NewConnectionError(self, f"{self.host} is not to be asked")
        return socket.create_connection(("127.0.0.1", PORT), timeout=10)


class Pool(urllib3.HTTPSConnectionPool):
    ConnectionCls = Connection


class Adapter(HTTPAdapter):
    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": Pool}


def new_session():
    session = requests.Session()
    session.trust_env = False
    session.verify = os.path.join(DIRECTORY, "ca.pem")
    session.mount("https://", Adapter())
    session.mount("http://", Adapter())
    return session


def password(name):
    return f"PASSWORD-SECRET-{name}"


def sign_in(login, secret=None, code=None):
    secret = password(login) if secret is None else secret
    return MyPlexAccount(login, secret, code=code, session=new_session())


def account(token):
    return MyPlexAccount(token=token, session=new_session())


def control(command):
    command = [FAKEPLEX, "ctl", "--dir", DIRECTORY, json.dumps(command)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


class Check(unittest.TestCase):
    def tearDown(self):
        control("clear-faults")

    def test_password(self):
        for login in ("alice", "alice@example.org"):
            alice = sign_in(login, password("alice"))
            self.assertEqual((alice.id, alice.username, alice.email), (2, "alice", "alice@example.org"))
            self.assertTrue(alice.authToken.startswith("TOKEN-SECRET-2-"))

    def test_wrong_password(self):
        for login, secret in (("alice", "wrong"), ("nobody", "wrong"), ("zoe", "wrong"), ("Kid", "wrong")):
            with self.assertRaisesRegex(Unauthorized, 'code="1001"') as raised:
                sign_in(login, secret)
            self.assertNotIsInstance(raised.exception, TwoFactorRequired)

    def test_email_only(self):
        with self.assertRaisesRegex(Unauthorized, 'code="1030"'):
            sign_in("frank")
        self.assertEqual(sign_in("frank@example.org", password("frank")).id, 6)

    def test_two_factors(self):
        with self.assertRaisesRegex(TwoFactorRequired, 'code="1029"'):
            sign_in("erin")
        with self.assertRaisesRegex(TwoFactorRequired, 'code="1028"'):
            sign_in("erin", code="000000")
        self.assertTrue(sign_in("erin", code="314159").twoFactorEnabled)
        self.assertEqual(sign_in("erin", password("erin") + "314159").id, 5)

    def test_account(self):
        alice = account(sign_in("alice").authToken)
        self.assertEqual((alice.title, alice.uuid, alice.country), ("Alice in the attic", "0" * 15 + "2", "GB"))
        self.assertEqual((alice.hasPassword, alice.home, alice.restricted, alice.guest), (True, False, False, False))
        self.assertEqual((alice.twoFactorEnabled, alice.emailOnlyAuth, alice.homeSize), (False, False, 1))
        self.assertEqual((alice.subscriptionActive, alice.subscriptionStatus), (False, "Inactive"))
        self.assertEqual((alice.joinedAt.year, alice.rememberExpiresAt > alice.joinedAt), (2017, True))
        self.assertEqual((alice.entitlements, alice.roles, bool(alice.subscriptionFeatures)), ([], [], True))
        self.assertTrue(alice.profileAutoSelectAudio and alice.ping())
        olga = account(OLGA)
        self.assertEqual((olga.home, olga.homeAdmin, olga.homeSize), (True, True, 3))
        with self.assertRaisesRegex(Unauthorized, 'code="1001"'):
            account("bogus")

    def test_users(self):
        users = {user.id: user for user in account(OLGA).users()}
        self.assertEqual(list(users), [2, 3, 4, 8, 9, 10, 11])
        alice, bob, carol, kid = users[2], users[3], users[4], users[9]
        self.assertEqual((alice.username, alice.email, alice.home), ("alice", "alice@example.org", False))
        self.assertEqual([server.name for server in alice.servers], ["Den", "Attic"])
        self.assertEqual([(server.machineIdentifier, server.pending) for server in carol.servers], [(MACHINE, True)])
        self.assertEqual(bob.servers, [])
        self.assertEqual((kid.title, kid.username, kid.email, kid.restricted, kid.home), ("Kid", "", None, "1", True))
        self.assertEqual(alice.get_token(MACHINE), "ACCESS-SECRET-Den-2")
        self.assertEqual(account(OLGA).user("alice@EXAMPLE.org").id, 2)
        self.assertEqual(sign_in("mallory").users(), [])

    def test_resources(self):
        def rows(who):
            return [(row.clientIdentifier, row.provides, row.owned) for row in who.resources()]

        alice = sign_in("alice")
        den = alice.resource("Den")
        self.assertEqual((den.clientIdentifier, den.owned, den.home), (MACHINE, False, False))
        self.assertEqual((den.ownerId, den.sourceTitle, den.accessToken), (1, "olga", "ACCESS-SECRET-Den-2"))
        self.assertEqual((den.createdAt.year, [c.port for c in den.connections]), (2020, [32400]))
        self.assertEqual(rows(alice)[2], ("player-of-alice", "client,player", True))
        self.assertEqual(rows(account(OLGA))[0], (MACHINE, "server", True))
        # The library announces that it provides something, so it is listed itself; it is not a server.
        self.assertEqual(rows(sign_in("carol")), [("python-plexapi", "controller", True)])
        self.assertEqual(rows(sign_in("mallory"))[0], (MACHINE, "server", True))
        self.assertTrue(sign_in("peggy").resource("Den").home)

    def test_pin(self):
        link = MyPlexPinLogin(session=new_session())
        self.assertEqual(len(link.pin), 4)
        self.assertFalse(link.checkLogin())
        self.assertFalse(link.expired)
        control({"approve": [link.pin, "alice"]})
        time.sleep(1)
        self.assertTrue(link.checkLogin())
        self.assertEqual(account(link.token).username, "alice")

    def test_pin_in_the_background(self):
        link = MyPlexPinLogin(session=new_session(), oauth=True)
        link.run(timeout=20)
        self.assertIn("code=codesecret", link.oauthUrl())
        time.sleep(1.5)
        code = link.oauthUrl().rpartition("code=")[2]
        sign_in("bob").link(code)
        self.assertTrue(link.waitForLogin())
        self.assertEqual(account(link.token).username, "bob")

    def test_pin_polled_too_fast_or_expired(self):
        hasty = MyPlexPinLogin(session=new_session())
        hasty._getCode()
        hasty._checkLogin()
        with self.assertRaisesRegex(BadRequest, 'code="1003"'):
            hasty._checkLogin()
        late = MyPlexPinLogin(session=new_session())
        late._getCode()
        control("expire-pins")
        self.assertFalse(late.checkLogin())
        self.assertTrue(late.expired)
        with self.assertRaisesRegex(NotFound, 'code="1020"'):
            sign_in("bob").link(late.pin)

    def test_home(self):
        olga = account(OLGA)
        kid = olga.switchHomeUser("Kid")
        self.assertEqual((kid.id, kid.title, kid.username, kid.restricted), (9, "Kid", "", True))
        self.assertEqual(olga.switchHomeUser("peggy", "1357").id, 8)
        for pin in ("0000", None):
            with self.assertRaisesRegex(BadRequest, r"\(403\).*1041"):
                olga.switchHomeUser("peggy", pin)

    def test_devices(self):
        control("reset")
        trent = sign_in("trent")
        self.assertEqual([device.clientIdentifier for device in trent.devices()], ["python-plexapi"])
        self.assertEqual(control("counters")["mails"], 1)
        device = trent.device(clientId="python-plexapi")
        self.assertEqual((device.product, device.token), ("PlexAPI", trent.authToken))
        device.delete()
        with self.assertRaises(Unauthorized):
            trent.devices()

    def test_sign_out(self):
        alice = sign_in("alice")
        alice.signout()
        with self.assertRaisesRegex(Unauthorized, 'code="1001"'):
            alice.ping()
        bob = sign_in("bob")
        control({"kill-tokens": "bob"})
        with self.assertRaises(Unauthorized):
            bob.ping()

    def test_blocked_and_rate_limited_sign_in(self):
        control({"block-after": 0})
        with self.assertRaisesRegex(Unauthorized, 'code="1031"'):
            sign_in("alice")
        control("clear-faults")
        control({"fault": {"endpoint": "signin", "fault": {"api": [429, 1003]}, "times": 1}})
        with self.assertRaisesRegex(BadRequest, r"\(429\).*1003"):
            sign_in("alice")
        self.assertEqual(sign_in("alice").id, 2)

    def test_removed_endpoint_is_gone(self):
        with self.assertRaisesRegex(BadRequest, r"\(410\)"):
            account(OLGA).pendingInvites()

    def test_only_the_fake_is_reachable(self):
        """The checks above reach no host but the fake, and certificates are verified."""
        with self.assertRaises(requests.ConnectionError):
            new_session().get("https://sonos.plex.tv/resources")
        distrustful = new_session()
        distrustful.verify = True
        with self.assertRaises(requests.exceptions.SSLError):
            distrustful.get("https://plex.tv/api/v2/ping")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
