"""python-plexapi, an independent client, against the fake plex.tv: its calls work as with the real one.

Version 4.13, of 2023, signs in and reads its account and resources at the endpoints before version 2; 4.18 uses
version 2.

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

import plexapi  # noqa: E402
import requests  # noqa: E402
import urllib3  # noqa: E402
from plexapi.exceptions import BadRequest, NotFound, Unauthorized  # noqa: E402
from plexapi.myplex import MyPlexAccount, MyPlexPinLogin  # noqa: E402
from plexapi.server import PlexServer  # noqa: E402
from requests.adapters import HTTPAdapter  # noqa: E402

OLD = plexapi.VERSION.startswith("4.13.")
if not OLD:
    from plexapi.exceptions import TwoFactorRequired  # noqa: E402
    from plexapi.myplex import MyPlexJWTLogin  # noqa: E402

MACHINE = "0123456789abcdef0123456789abcdef01234567"
OLGA = "TOKEN-SECRET-olga"
HOSTS = ("plex.tv", "clients.plex.tv", "app.plex.tv")



def read(name):
    with open(os.path.join(DIRECTORY, name), encoding="utf-8") as file:
        return file.read().strip()


PORT = urlsplit(read("address")).port
DEN = read("address.pms.Den")
WORLD = read("world.toml")


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


class Local(HTTPAdapter):
    """Plain connections, to a media server on this machine only."""

    def send(self, request, **kwargs):
        if urlsplit(request.url).hostname != "127.0.0.1":
            raise requests.ConnectionError(f"{request.url} is not to be asked")
        return super().send(request, **kwargs)


def new_session():
    session = requests.Session()
    session.trust_env = False
    session.verify = os.path.join(DIRECTORY, "ca.pem")
    session.mount("https://", Adapter())
    session.mount("http://", Local())
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


def refused(code):
    """What an error says about its code: the endpoints before version 2 have no codes."""
    return "" if OLD else f'code="{code}"'


class Check(unittest.TestCase):
    def tearDown(self):
        control("clear-faults")

    def test_password(self):
        for login in ("alice", "alice@example.org"):
            alice = sign_in(login, password("alice"))
            self.assertEqual((alice.id, alice.username, alice.email), (2, "alice", "alice@example.org"))
            self.assertTrue(alice.authenticationToken.startswith("TOKEN-SECRET-2-"))

    def test_wrong_password(self):
        for login, secret in (("alice", "wrong"), ("nobody", "wrong"), ("zoe", "wrong"), ("Kid", "wrong")):
            with self.assertRaisesRegex(Unauthorized, refused(1001)) as raised:
                sign_in(login, secret)
            self.assertIs(type(raised.exception), Unauthorized)

    def test_email_only(self):
        with self.assertRaisesRegex(Unauthorized, refused(1030)):
            sign_in("frank")
        self.assertEqual(sign_in("frank@example.org", password("frank")).id, 6)

    def test_two_factors(self):
        kind = Unauthorized if OLD else TwoFactorRequired
        with self.assertRaisesRegex(kind, refused(1029)):
            sign_in("erin")
        with self.assertRaisesRegex(kind, refused(1028)):
            sign_in("erin", code="000000")
        # Version 4.13 appends the code to the password itself.
        self.assertEqual(sign_in("erin", code="314159").id, 5)
        self.assertEqual(sign_in("erin", password("erin") + "314159").id, 5)

    def test_account(self):
        alice = account(sign_in("alice").authenticationToken)
        self.assertEqual((alice.title, alice.uuid), ("Alice in the attic", "0" * 15 + "2"))
        self.assertEqual((alice.home, alice.restricted, alice.guest, alice.homeSize), (False, False, False, 1))
        self.assertEqual((alice.subscriptionActive, alice.subscriptionStatus), (False, "Inactive"))
        self.assertEqual((alice.entitlements, alice.roles, alice.maxHomeSize), ([], [], 15))
        self.assertEqual(alice.subscriptionFeatures, ["companions_sonos"])
        olga = account(OLGA)
        self.assertEqual((olga.home, olga.homeSize), (True, 3))
        with self.assertRaisesRegex(Unauthorized, refused(1001)):
            account("bogus")

    @unittest.skipUnless(OLD, "the account before version 2")
    def test_old_account(self):
        alice = sign_in("alice")
        self.assertEqual((alice.secure, alice.certificateVersion), (True, "2"))
        self.assertEqual(alice.mailing_list_status, "unsubscribed")
        self.assertEqual((alice.queueEmail, alice.queueUid, alice.cloudSyncDevice), ("", "", ""))

    @unittest.skipIf(OLD, "the account of version 2")
    def test_new_account(self):
        alice = account(sign_in("alice").authToken)
        self.assertEqual((alice.country, alice.hasPassword, alice.confirmed), ("GB", True, True))
        self.assertEqual((alice.twoFactorEnabled, alice.emailOnlyAuth), (False, False))
        self.assertEqual((alice.joinedAt.year, alice.rememberExpiresAt > alice.joinedAt), (2017, True))
        self.assertEqual((alice.profileAutoSelectAudio, alice.profileDefaultAudioLanguage), (True, "en"))
        self.assertEqual((alice.profileAutoSelectSubtitle, alice.adsConsent), (1, ""))
        self.assertTrue(sign_in("erin", code="314159").twoFactorEnabled and alice.ping())
        self.assertTrue(account(OLGA).homeAdmin)
        self.assertEqual(alice.publicIP(), "127.0.0.1")

    def test_claim_token(self):
        self.assertEqual(account(OLGA).claimToken(), "claim-SECRET-1")

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
        with self.assertRaises(NotFound):
            account(OLGA).user("mallory")
        self.assertEqual(sign_in("mallory").users(), [])

    def test_shares(self):
        den = account(OLGA).user("alice").server("Den")
        self.assertEqual((den.machineIdentifier, den.accountID, den.numLibraries), (MACHINE, 2, 1))
        self.assertEqual((den.owned, den.allLibraries, den.pending), (True, False, False))
        films = den.section("Films")
        self.assertEqual((films.key, films.type, films.shared), (1, "movie", True))
        self.assertEqual([section.title for section in den.sections()], ["Films"])

    def test_invitations(self):
        olga, carol = account(OLGA), sign_in("carol")
        invite = olga.pendingInvite("carol@example.org")
        self.assertEqual((invite.id, invite.username), (4, "carol"))
        self.assertEqual((invite.friend, invite.home, invite.server), (True, False, True))
        self.assertEqual([server.name for server in invite.servers], ["Den"])
        self.assertEqual([invite.username for invite in carol.pendingInvites(includeSent=False)], ["olga"])
        self.assertEqual(sign_in("mallory").pendingInvites(), [])
        try:
            carol.acceptInvite("olga")
            self.assertEqual(olga.pendingInvites(), [])
            self.assertEqual(carol.resource("Den").clientIdentifier, MACHINE)
            olga.inviteFriend("bob", MACHINE, sections=["Films"])
            self.assertEqual([invite.username for invite in olga.pendingInvites()], ["bob"])
            olga.cancelInvite("bob")
            self.assertEqual(olga.pendingInvites(), [])
        finally:
            control({"load": WORLD})

    def test_shares_end(self):
        olga, alice = account(OLGA), sign_in("alice")

        def reaches():
            return MACHINE in [row.clientIdentifier for row in alice.resources()]

        try:
            olga.updateFriend("alice", MACHINE, sections=["Films"])
            self.assertTrue(reaches())
            olga.updateFriend("alice", MACHINE, sections=["Films"], removeSections=True)
            self.assertFalse(reaches())
            if OLD:
                with self.assertRaisesRegex(BadRequest, r"\(410\)"):
                    olga.removeFriend("alice")
            else:
                olga.removeFriend("alice")
                with self.assertRaises(NotFound):
                    olga.user("alice")
        finally:
            control({"load": WORLD})

    def test_resources(self):
        def rows(who):
            return [(row.clientIdentifier, row.provides, row.owned) for row in who.resources()]

        alice = sign_in("alice")
        den = alice.resource("Den")
        owner = den.ownerid if OLD else den.ownerId
        self.assertEqual((den.clientIdentifier, den.owned, den.home), (MACHINE, False, False))
        self.assertEqual((owner, den.sourceTitle, den.accessToken), (1, "olga", "ACCESS-SECRET-Den-2"))
        self.assertEqual((den.createdAt.year, [c.port for c in den.connections]), (2020, [32400]))
        self.assertEqual(rows(alice)[2], ("player-of-alice", "client,player", True))
        self.assertEqual(rows(account(OLGA))[0], (MACHINE, "server", True))
        # The library announces that it provides something, so it is listed itself; it is not a server.
        self.assertEqual(rows(sign_in("carol")), [("python-plexapi", "controller", True)])
        self.assertEqual(rows(sign_in("mallory"))[0], (MACHINE, "server", True))
        self.assertTrue(sign_in("peggy").resource("Den").home)

    def test_server(self):
        owner = PlexServer(DEN, OLGA, session=new_session())
        self.assertEqual((owner.friendlyName, owner.machineIdentifier), ("Den", MACHINE))
        self.assertEqual((owner.myPlex, owner.myPlexUsername, owner.myPlexSigninState), (True, "olga", "ok"))
        self.assertEqual((owner.version, owner.platform, owner.transcoderVideo), ("1.41.0", "Linux", True))
        self.assertEqual({one.id: one.name for one in owner.systemAccounts()}[2], "Alice in the attic")
        self.assertEqual([section.title for section in owner.library.sections()], ["Films"])
        self.assertEqual(owner.myPlexAccount().id, 1)
        guest = PlexServer(DEN, sign_in("alice").resource("Den").accessToken, session=new_session())
        self.assertEqual(guest.friendlyName, "Den")
        for token in ("bogus", sign_in("alice").authenticationToken):
            with self.assertRaises(Unauthorized):
                PlexServer(DEN, token, session=new_session())

    def test_server_is_damaged_by_a_clients_headers(self):
        """The library describes itself as a controller, whatever token it is given."""
        def attic():
            row = [row for row in account(OLGA).resources() if row.clientIdentifier == "1" * 40][0]
            return row.product, row.provides

        self.assertEqual(attic(), ("Plex Media Server", "server"))
        self.assertEqual(account("TOKEN-SECRET-attic").id, 1)
        self.assertEqual(attic(), ("PlexAPI", "controller"))

    def test_pin(self):
        link = MyPlexPinLogin(session=new_session())
        self.assertEqual(len(link.pin), 4)
        self.assertFalse(link.checkLogin())
        self.assertFalse(link.expired)
        control({"follow": [f"https://plex.tv/link/?pin={link.pin}", "alice"]})
        time.sleep(1)
        self.assertTrue(link.checkLogin())
        self.assertEqual(account(link.token).username, "alice")

    def test_pin_in_the_background(self):
        link = MyPlexPinLogin(session=new_session(), oauth=True)
        link.run(timeout=20)
        self.assertIn("code=codesecret", link.oauthUrl())
        time.sleep(1.5)
        control("reset")
        code = link.oauthUrl().rpartition("code=")[2]
        sign_in("bob").link(code)
        self.assertTrue(link.waitForLogin())
        self.assertEqual(account(link.token).username, "bob")
        device = {"client_id_of_token": "python-plexapi", "client_id_sent": "python-plexapi", "product": "Plex SSO"}
        self.assertEqual(control("approvals"), [{"code": code, "account": "bob", **device}])

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

    @unittest.skipIf(OLD, "signed tokens are newer than 4.13")
    def test_signed_token_of_a_code(self):
        link = MyPlexJWTLogin(session=new_session(), oauth=True)
        link.generateKeypair()
        link.run(timeout=20)
        code = link.oauthUrl().rpartition("code=")[2]
        control({"follow": [f"https://app.plex.tv/auth#?clientID=python-plexapi&code={code}", "bob"]})
        self.assertTrue(link.waitForLogin())
        # The library verifies the signature, the audience, the issuer and the key.
        self.assertTrue(link.verifyJWT())
        self.assertEqual(account(link.jwtToken).username, "bob")
        old = link.jwtToken
        control({"expire-tokens": "bob"})
        new = link.refreshJWT()
        self.assertNotEqual(new, old)
        self.assertEqual(account(new).username, "bob")

    @unittest.skipIf(OLD, "signed tokens are newer than 4.13")
    def test_signed_token_of_a_registered_device(self):
        alice = sign_in("alice")
        device = MyPlexJWTLogin(session=new_session(), token=alice.authToken)
        device.generateKeypair()
        with self.assertRaisesRegex(BadRequest, "422"):
            device.refreshJWT()
        device.registerDevice()
        alice.ping()
        token = device.refreshJWT()
        self.assertEqual(account(token).id, 2)
        with self.assertRaises(Unauthorized):
            alice.ping()
        device._customHeaders = {"X-Plex-Client-Identifier": "another"}
        with self.assertRaisesRegex(BadRequest, "1097"):
            device.refreshJWT()

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
        self.assertEqual((device.product, device.token), ("PlexAPI", trent.authenticationToken))
        device.delete()
        with self.assertRaises(Unauthorized):
            trent.devices()
        den = account(OLGA).device(name="Den")
        self.assertEqual((den.clientIdentifier, den.product, den.provides), (MACHINE, "Plex Media Server", "server"))

    @unittest.skipIf(OLD, "4.13 cannot sign out")
    def test_sign_out(self):
        alice = sign_in("alice")
        alice.signout()
        with self.assertRaisesRegex(Unauthorized, 'code="1001"'):
            alice.ping()

    def test_tokens_end(self):
        bob = sign_in("bob")
        control({"kill-tokens": "bob"})
        with self.assertRaises(Unauthorized):
            bob.users()
        bob = sign_in("bob")
        control({"expire-tokens": "bob"})
        # The library has no name for 498, so its error is another one.
        with self.assertRaises((BadRequest, TypeError)) as raised:
            bob.users()
        self.assertNotIsInstance(raised.exception, Unauthorized)

    def test_blocked_and_rate_limited_sign_in(self):
        control({"block-after": 0})
        with self.assertRaisesRegex(Unauthorized, refused(1031) or "detected repeated failures"):
            sign_in("alice")
        control("clear-faults")
        endpoint = "legacy-signin" if OLD else "signin"
        control({"fault": {"endpoint": endpoint, "fault": {"api": [429, 1003]}, "times": 1}})
        with self.assertRaisesRegex(BadRequest, r"\(429\).*1003"):
            sign_in("alice")
        self.assertEqual(sign_in("alice").id, 2)

    def test_shapes_of_the_list(self):
        """What each change of a list of people means to an independent client."""
        def users(shape):
            control({"shape": ["users", shape]})
            return [user.id for user in account(OLGA).users()]

        everyone = users("usual")
        for shape in ("no-access-token", "short-of-size"):
            self.assertEqual(users(shape), everyone, shape)
        self.assertEqual((users("renamed-row"), users("empty")), ([], []))
        self.assertEqual(users("renamed-id"), [None] * len(everyone))
        for shape, error in (("forbidden", BadRequest), ("gone", BadRequest), ("not-found", NotFound)):
            with self.assertRaises(error):
                users(shape)

    def test_only_the_fake_is_reachable(self):
        """The checks above reach no host but the fake, and certificates are verified."""
        for address in ("https://sonos.plex.tv/resources", "http://sonos.plex.tv/resources"):
            with self.assertRaises(requests.ConnectionError):
                new_session().get(address)
        distrustful = new_session()
        distrustful.verify = True
        with self.assertRaises(requests.exceptions.SSLError):
            distrustful.get("https://plex.tv/api/v2/ping")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
