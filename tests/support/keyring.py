"""The desktop's keyring in a private session: a real bus and a real gnome-keyring, in every state a program may meet.

`Session` is one session; `Prompter` stands in for the dialog that asks for a password; `FakeService` is a Secret Service with
the habits of KeePassXC; `KeyringTestCase` gives each test a session of its own. Needs dbus-daemon, gnome-keyring, python3-dbus
and python3-gi. Every process is known by its id and ended by it.
"""

import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from typing import Callable, NamedTuple

import dbus
import dbus.bus
import dbus.service

from program import Program, ProgramTestCase
from running import Result

PASSWORD = "pw"
SECRETS = "org.freedesktop.secrets"
SERVICE_PATH = "/org/freedesktop/secrets"
LOGIN_PATH = "/org/freedesktop/secrets/collection/login"
SECRET = "org.freedesktop.Secret."
COLLECTION_PATH = "/org/freedesktop/secrets/collection/Passwords_1"
NO_PATH = dbus.ObjectPath("/")
DAEMON = ["/usr/bin/gnome-keyring-daemon", "--foreground", "--components=secrets"]

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{folder}/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""

# What the bus starts when somebody asks for the Secret Service; it leaves its process id in the file `started`.
STARTED = {
    "unlocked": "exec " + " ".join([*DAEMON, "--start"]),
    "exits": "exit 1",
    "never": "exec sleep 60",
}
# States without a bus, without a service, and with a service that cannot be started.
BROKEN = ("none", "exits", "missing", "never", "stale", "silent")


class Item(NamedTuple):
    """An item of the default keyring; `secret` is None while it is locked."""

    path: str
    label: str
    attributes: dict[str, str]
    locked: bool
    secret: dict | None


class Session:
    """A context manager. `state` is one of

    unlocked  a keyring that is open               none     a bus without a Secret Service
    locked    one that is there, after a restart   exits    the service's program ends with status 1
    new       a service without any keyring yet    missing  the service's program is not there
                                                   never    the service's program never takes the name
                                                   stale    the address of a bus that is gone
                                                   silent   a bus that accepts connections and says nothing
    """

    def __init__(self, state: str = "unlocked"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="grok-auth-keyring-"))
        self.address = f"unix:path={self.folder}/bus"
        self.environment = {"DBUS_SESSION_BUS_ADDRESS": self.address}
        self.connections = 0  # that a silent bus accepted
        self._processes: list[subprocess.Popen] = []
        self._silent: list[socket.socket] = []
        for name in ("home", "run", "data", "services"):
            (self.folder / name).mkdir(mode=0o700)
        try:
            self._start(state)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Ends everything of this session, what its bus started included."""
        for listener in self._silent:
            listener.shutdown(socket.SHUT_RDWR)
        for pid in self._started_by_bus():
            os.kill(pid, signal.SIGKILL)
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    # What happens to the daemon.

    @property
    def daemon_pid(self) -> int:
        """The process that owns the name of the Secret Service; 0 when nobody does."""
        try:
            return int(self._ask_bus("GetConnectionUnixProcessID", SECRETS))
        except dbus.DBusException:
            return 0

    def _running_daemon(self) -> int:
        pid = self.daemon_pid
        if not pid:
            raise AssertionError("no daemon runs")  # a signal to 0 is one to the test and all of its group
        return pid

    def stop_daemon(self) -> None:
        """SIGSTOP: it keeps its name and answers nothing."""
        self._stopped = self._running_daemon()
        os.kill(self._stopped, signal.SIGSTOP)

    def continue_daemon(self) -> None:
        """SIGCONT."""
        os.kill(self._stopped, signal.SIGCONT)

    def kill_daemon(self) -> None:
        """SIGKILL, and waits until the bus has noticed. Whoever asks next makes the bus start another one, which is locked."""
        pid = self._running_daemon()
        os.kill(pid, signal.SIGKILL)
        _wait_until(lambda: self.daemon_pid != pid, "the killed daemon keeps its name")

    def kill_bus(self) -> None:
        """SIGKILL of the bus, and with it the end of every connection."""
        self._bus.kill()
        self._bus.wait()

    def restart_bus(self) -> None:
        """A bus at the same address, with nobody on it."""
        (self.folder / "bus").unlink()
        self._start_bus()

    def lock(self, cold: bool = False) -> None:
        """Locks the keyring; `cold` by a restart, after which the daemon has never seen its items."""
        if cold:
            self._start_daemon(None)
            _wait_until(self.is_locked, "the keyring is not locked")
        else:
            self._call(SERVICE_PATH, SECRET + "Service", "Lock", "ao", [LOGIN_PATH])

    def unlock(self) -> None:
        """Opens the keyring as a new desktop session does: another daemon, started with the password."""
        self._start_daemon(PASSWORD)
        _wait_until(lambda: not self.is_locked(), "the keyring stays locked")

    def is_locked(self) -> bool:
        """Whether the default keyring is locked."""
        return bool(self._properties(LOGIN_PATH, "Collection")["Locked"])

    # What is in the keyring.

    def items(self) -> list[Item]:
        """The items of the default keyring."""
        with self._connection() as connection:
            paths = self._properties(LOGIN_PATH, "Collection", connection)["Items"]
            return [self._item(path, connection) for path in paths]

    def item(self) -> Item:
        """The only item. AssertionError when there are none, or more."""
        items = self.items()
        if len(items) != 1:
            raise AssertionError(f"not one item: {items}")
        return items[0]

    def change_secret(self, change: Callable[[dict], None]) -> None:
        """Lets `change` work on the parsed secret of the only item."""
        item = self.item()
        change(item.secret)
        with self._connection() as connection:
            secret = (self._plain_session(connection), b"", json.dumps(item.secret).encode(), "application/json")
            self._call(item.path, SECRET + "Item", "SetSecret", "(oayays)", secret, connection=connection)

    def _item(self, path: str, connection) -> Item:
        properties = self._properties(path, "Item", connection)
        secret = None
        if not properties["Locked"]:
            answer = self._call(path, SECRET + "Item", "GetSecret", "o", self._plain_session(connection), connection=connection)
            secret = json.loads(bytes(answer[2]))
        attributes = {str(name): str(value) for name, value in properties["Attributes"].items()}
        return Item(str(path), str(properties["Label"]), attributes, bool(properties["Locked"]), secret)

    def _plain_session(self, connection):
        # gnome-keyring can die of a client whose first message is OpenSession.
        self._properties(SERVICE_PATH, "Service", connection)
        return self._call(SERVICE_PATH, SECRET + "Service", "OpenSession", "sv", "plain", "", connection=connection)[1]

    def _properties(self, path: str, interface: str, connection=None) -> dict:
        return self._call(path, dbus.PROPERTIES_IFACE, "GetAll", "s", SECRET + interface, connection=connection)

    def _ask_bus(self, method: str, name: str):
        with self._connection() as connection:
            return connection.call_blocking(
                dbus.BUS_DAEMON_NAME, dbus.BUS_DAEMON_PATH, dbus.BUS_DAEMON_IFACE, method, "s", (name,))

    def _call(self, path: str, interface: str, method: str, signature: str, *args, connection=None):
        if connection is None:
            with self._connection() as connection:
                return self._call(path, interface, method, signature, *args, connection=connection)
        return connection.call_blocking(SECRETS, path, interface, method, signature, args, timeout=10)

    def _connection(self) -> "_Connection":
        return _Connection(self.address)

    # How it starts.

    def _start(self, state: str) -> None:
        if state == "stale":
            return
        if state == "silent":
            self._listen_silently()
            return
        self._install_service(state)
        self._start_bus()
        if state == "new":
            self._start_daemon(None)
        elif state not in BROKEN:
            self._start_daemon(PASSWORD)  # makes the keyring
            if state == "locked":
                self.lock(cold=True)

    def _install_service(self, state: str) -> None:
        if state == "none":
            return
        program = self.folder / "start-service"
        if state != "missing":
            command = STARTED.get(state, STARTED["unlocked"])
            program.write_text(f"#!/bin/sh\necho $$ >> {self.folder}/started\n{command}\n")
            program.chmod(0o700)
        text = f"[D-BUS Service]\nName={SECRETS}\nExec={program}\n"
        (self.folder / "services" / f"{SECRETS}.service").write_text(text)

    def _start_bus(self) -> None:
        config = self.folder / "bus.conf"
        config.write_text(BUS_CONFIG.format(folder=self.folder))
        command = ["/usr/bin/dbus-daemon", "--nofork", "--nopidfile", f"--config-file={config}"]
        self._bus = self._run(command)
        _wait_until((self.folder / "bus").exists, "the bus does not come up")

    def _start_daemon(self, password: str | None) -> None:
        """Starts a daemon that takes the name from any other. Returns when it has it."""
        options = ["--replace"] if self.daemon_pid else []
        process = self._run([*DAEMON, *options, *(["--unlock"] if password else [])], password)
        _wait_until(lambda: self.daemon_pid == process.pid, "gnome-keyring does not take its name")

    def _run(self, command: list[str], text: str | None = None) -> subprocess.Popen:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "DBUS_SESSION_BUS_ADDRESS": self.address,
        }
        with open(self.folder / "log", "ab") as log:
            process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=log, stderr=log)
        self._processes.append(process)
        process.stdin.write((text or "").encode())
        process.stdin.close()
        return process

    def _started_by_bus(self) -> list[int]:
        """Those that still run; a process id that somebody else has now is not among them."""
        try:
            pids = [int(line) for line in (self.folder / "started").read_text().split()]
        except FileNotFoundError:
            return []
        return [pid for pid in pids if str(self.folder) in _environment_of(pid)]

    def _listen_silently(self) -> None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.folder / "bus"))
        listener.listen(64)
        self._silent.append(listener)

        def accept() -> None:
            held = []
            with listener:
                while True:
                    try:
                        held.append(listener.accept()[0])
                    except OSError:  # closed
                        break
                    self.connections += 1
            for connection in held:
                connection.close()

        threading.Thread(target=accept, daemon=True).start()


class _Connection(dbus.bus.BusConnection):
    """A connection of its own to a bus, closed at the end of a `with`."""

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *_) -> None:
        self.close()


class _Peer:
    """A process on the bus of a session: this file run as a program. `calls` grows by a line for each call that it gets."""

    def __init__(self, session: Session, *arguments: str):
        self._process = subprocess.Popen(
            [sys.executable, __file__, *arguments],
            env={"PATH": os.environ["PATH"], **session.environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.calls: list[str] = []
        self._news: queue.SimpleQueue = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()
        if self._news.get(timeout=10) != "ready":
            self.close()
            raise RuntimeError(f"{arguments}: does not come up")

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def wait_for_call(self, name: str, timeout: float = 10) -> None:
        """Waits until a call of that name has come. AssertionError when none comes in time."""
        _wait_until(lambda: any(call.split()[0] == name for call in list(self.calls)), f"no call of {name}", timeout)

    def count(self, name: str) -> int:
        """How many calls of that name came."""
        return sum(call.split()[0] == name for call in list(self.calls))

    def _collect(self) -> None:
        for line in self._process.stdout:
            if line.strip() != "ready":
                self.calls.append(line.strip())
            self._news.put(line.strip())
        self._news.put("ended")


class Prompter(_Peer):
    """What shows gnome-keyring's dialogs. `answer`: dismiss (the person presses Cancel), silent (nobody is there)."""

    def __init__(self, session: Session, answer: str):
        super().__init__(session, "prompter", answer)


class FakeService(_Peer):
    """A Secret Service on the bus of a session in the state `none`. Its `settings` are listed at `ServiceObject`."""

    def __init__(self, session: Session, **settings):
        self._session = session
        super().__init__(session, "service", json.dumps(settings))

    def change(self, **settings) -> None:
        """Changes settings."""
        with _Connection(self._session.address) as connection:
            connection.call_blocking(SECRETS, "/control", "test.Control", "Change", "s", (json.dumps(settings),))

    def secrets(self) -> list[dict]:
        """The parsed secrets that are stored."""
        with _Connection(self._session.address) as connection:
            return json.loads(connection.call_blocking(SECRETS, "/control", "test.Control", "Secrets", "", ()))


class KeyringTestCase(ProgramTestCase):
    """A test of the program with a keyring: besides a world and a server it has a `session`, in the state `session_state`."""

    provider_settings = {"interval": 1}
    session_state = "unlocked"
    has_mirror = True  # whether the profile has a copy of the access token beside the keyring
    session: Session

    def setUp(self) -> None:
        super().setUp()
        self.session = self.new_session(self.session_state)

    def new_session(self, state: str) -> Session:
        """A further session, closed at the end of the test."""
        session = Session(state)
        self.addCleanup(session.close)
        return session

    def new_program(self, **changes) -> Program:
        """A further private world, whose profile has `store = "auto"` unless `changes` say otherwise."""
        mirror = {} if self.has_mirror else {"mirror": False}
        return super().new_program(**{"store": "auto", **mirror, **changes})

    def sign_in(self, program: Program | None = None, *args: str) -> dict:
        """Signs in inside the session; the answer of the run."""
        return (program or self.program).sign_in(self.provider, *args, env=self.session.environment)

    def change_login(self, change: Callable[[dict], None]) -> None:
        """Lets `change` work on the login in the keyring, and on its mirror."""
        self.session.change_secret(change)
        self.program.change_mirror(change)

    def grok(self, expired: bool = False, status: int = 0, env: dict | None = None) -> Result:
        """A run as Grok's, inside the session unless `env` leads elsewhere. Its standard output is empty if it fails."""
        result = self.program.as_grok(expired=expired, env=self.session.environment if env is None else env).wait()
        self.assertEqual(result.status, status, result)
        if status:
            self.assertEqual(result.stdout, "", result)
        return result

    def command(self, *args: str, status: int = 0) -> Result:
        """One of the other commands, inside the session."""
        result = self.program.run(*args, env=self.session.environment)
        self.assertEqual(result.status, status, result)
        return result

    def refreshes(self) -> int:
        """How often a refresh token was sent since the server last forgot."""
        return sum(request["form"].get("grant_type") == "refresh_token" for request in self.provider.requests("token"))


def age(token_set: dict, seconds: int = 7200) -> None:
    """Makes a stored token as old as if `seconds` had passed since."""
    token_set["minted_at"] -= seconds
    token_set["expires_at"] -= seconds


def _wait_until(condition: Callable[[], object], complaint: str, timeout: float = 10) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{complaint}, after {timeout} s")
        time.sleep(0.01)


def _environment_of(pid: int) -> str:
    try:
        return pathlib.Path(f"/proc/{pid}/environ").read_text(errors="replace")
    except OSError:
        return ""


# From here on: what such a process is. It writes "ready", then the name and object path of every call that it gets.


def say(*words) -> None:
    """Tells the test."""
    print(*words, flush=True)


class PrompterObject(dbus.service.Object):
    """Takes every request for a dialog; answers it at once by "cancel", or never."""

    NAME = "org.gnome.keyring.SystemPrompter"
    INTERFACE = "org.gnome.keyring.internal.Prompter"

    def __init__(self, bus, answer: str, when_idle):
        self._bus, self._answers, self._when_idle = bus, answer == "dismiss", when_idle
        super().__init__(dbus.service.BusName(self.NAME, bus), "/org/gnome/keyring/Prompter")

    def _reply(self, caller: str, callback: str, word: str) -> None:
        nothing = dbus.Dictionary({}, signature="sv")
        self._call_back(caller, callback, "PromptReady", "sa{sv}s", (word, nothing, ""))

    def _call_back(self, caller: str, callback: str, method: str, signature: str, arguments: tuple) -> None:
        """After the answer to the call that is being handled: gnome-keyring expects that order."""

        def call() -> bool:
            interface = self.INTERFACE + ".Callback"
            self._bus.call_async(caller, callback, interface, method, signature, arguments, None, None)
            return False  # once

        if self._answers:
            self._when_idle(call)

    @dbus.service.method(INTERFACE, in_signature="o", sender_keyword="caller")
    def BeginPrompting(self, callback, caller=None):
        say("BeginPrompting", callback)
        self._reply(caller, callback, "")

    @dbus.service.method(INTERFACE, in_signature="osa{sv}s", sender_keyword="caller")
    def PerformPrompt(self, callback, kind, properties, exchange, caller=None):
        say("PerformPrompt", callback)
        self._reply(caller, callback, "no")

    @dbus.service.method(INTERFACE, in_signature="o", sender_keyword="caller")
    def StopPrompting(self, callback, caller=None):
        say("StopPrompting", callback)
        self._call_back(caller, callback, "PromptDone", "", ())


class WithProperties(dbus.service.Object):
    """An object that answers GetAll by its `properties()`."""

    @dbus.service.method(dbus.PROPERTIES_IFACE, in_signature="s", out_signature="a{sv}")
    def GetAll(self, interface):
        say("GetAll", self.__dbus_object_path__)
        return self.properties()

    @dbus.service.method(dbus.PROPERTIES_IFACE, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return self.properties()[name]

    @dbus.service.signal(dbus.PROPERTIES_IFACE, signature="sa{sv}as")
    def PropertiesChanged(self, interface, changed, gone):
        pass


class PromptObject(dbus.service.Object):
    """A dialog of the fake service; `when_agreed` is what it asks for."""

    def __init__(self, service: "ServiceObject", path: str, when_agreed):
        self._service, self._when_agreed = service, when_agreed
        super().__init__(service.bus, path)

    @dbus.service.method(SECRET + "Prompt", in_signature="s")
    def Prompt(self, window):
        say("Prompt", self.__dbus_object_path__)
        answer = self._service.settings["answer"]
        if answer == "agree":
            self.Completed(False, self._when_agreed())
        elif answer == "dismiss":
            self.Completed(True, dbus.String(""))

    @dbus.service.method(SECRET + "Prompt")
    def Dismiss(self):
        say("Dismiss", self.__dbus_object_path__)

    @dbus.service.signal(SECRET + "Prompt", signature="bv")
    def Completed(self, dismissed, result):
        pass


class ItemObject(WithProperties):
    """An item; its secret is given out while it is not locked."""

    def __init__(self, service: "ServiceObject", path: str, properties, secret):
        self.service, self.path, self.secret = service, path, secret
        self.attributes = properties[SECRET + "Item.Attributes"]
        self.label = properties[SECRET + "Item.Label"]
        super().__init__(service.bus, path)

    def is_locked(self) -> bool:
        return self.service.settings["collection_locked"] or self.service.settings["item_locked"]

    def properties(self):
        return {"Attributes": self.attributes, "Label": self.label, "Locked": self.is_locked(),
                "Created": dbus.UInt64(1), "Modified": dbus.UInt64(1)}

    @dbus.service.method(SECRET + "Item", in_signature="o", out_signature="(oayays)")
    def GetSecret(self, session):
        say("GetSecret", self.path)
        if self.is_locked():
            raise dbus.DBusException("locked", name="org.freedesktop.Secret.Error.IsLocked")
        return (session, b"", bytes(self.secret[2]), "application/json")

    @dbus.service.method(SECRET + "Item", out_signature="o")
    def Delete(self):
        say("Delete", self.path)
        return self.service.confirm("confirm_delete", lambda: self.service.forget(self), NO_PATH)[1]


class ServiceObject(WithProperties):
    """The service, its one collection and its items. `settings`, which a test may change:

    alias              what ReadAlias answers for "default": the collection's path, or "/" when no database is open
    collection_locked  the database is locked
    item_locked        every item is ("confirm when passwords are retrieved")
    ask_before_search  a search while the database is locked shows its dialog
    confirm_create     CreateItem asks first; confirm_delete: Delete does
    create             "save"; "die": the service ends in the middle; "silent": it saves and never answers
    answer             of the person at a dialog: agree, dismiss, silent
    """

    DEFAULTS = {"alias": COLLECTION_PATH, "collection_locked": False, "item_locked": False,
                "ask_before_search": True, "confirm_create": False, "confirm_delete": False,
                "create": "save", "answer": "silent"}

    def __init__(self, bus, settings: dict):
        self.bus, self.settings, self.items, self._count = bus, {**self.DEFAULTS, **settings}, {}, 0
        super().__init__(bus, SERVICE_PATH)
        self.collection = CollectionObject(self)
        ControlObject(self)
        self._name = dbus.service.BusName("org.freedesktop.secrets", bus)

    def properties(self):
        return {"Collections": dbus.Array([dbus.ObjectPath(COLLECTION_PATH)], signature="o")}

    def new_path(self, parent: str) -> dbus.ObjectPath:
        self._count += 1
        return dbus.ObjectPath(f"{parent}/{self._count}")

    def confirm(self, setting: str, act, nothing):
        """(result, prompt path): of `act` at once, or by a dialog."""
        if not self.settings[setting]:
            return act(), NO_PATH
        path = self.new_path(SERVICE_PATH + "/prompt")
        PromptObject(self, path, act)
        return nothing, path

    def forget(self, item: ItemObject):
        del self.items[item.path]
        item.remove_from_connection()
        return dbus.String("")

    @dbus.service.method(SECRET + "Service", in_signature="sv", out_signature="vo")
    def OpenSession(self, algorithm, data):
        if algorithm != "plain":
            raise dbus.DBusException("not this one", name="org.freedesktop.DBus.Error.NotSupported")
        return dbus.String("", variant_level=1), self.new_path(SERVICE_PATH + "/session")

    @dbus.service.method(SECRET + "Service", in_signature="s", out_signature="o")
    def ReadAlias(self, name):
        say("ReadAlias", name)
        return dbus.ObjectPath(self.settings["alias"] if name == "default" else "/")

    @dbus.service.method(SECRET + "Service", in_signature="a{ss}", out_signature="aoao")
    def SearchItems(self, attributes):
        say("SearchItems", SERVICE_PATH)
        if self.settings["collection_locked"] and self.settings["ask_before_search"]:
            say("Dialog", SERVICE_PATH)
        hidden = self.settings["alias"] == "/"
        found = [] if hidden else [i for i in self.items.values() if attributes.items() <= i.attributes.items()]
        return [i.path for i in found if not i.is_locked()], [i.path for i in found if i.is_locked()]

    @dbus.service.method(SECRET + "Service", in_signature="ao", out_signature="aoo")
    def Unlock(self, objects):
        say("Unlock", *objects)
        if not self.settings["collection_locked"]:
            return objects, NO_PATH

        def unlock():
            self.settings["collection_locked"] = False
            return dbus.Array(objects, signature="o")

        path = self.new_path(SERVICE_PATH + "/prompt")
        PromptObject(self, path, unlock)
        return dbus.Array([], signature="o"), path


class CollectionObject(WithProperties):
    """The open database, at a path that only ReadAlias tells."""

    def __init__(self, service: ServiceObject):
        self.service = service
        super().__init__(service.bus, COLLECTION_PATH)

    def properties(self):
        return {"Items": dbus.Array(list(self.service.items), signature="o"), "Label": "Passwords",
                "Locked": self.service.settings["collection_locked"], "Created": dbus.UInt64(1), "Modified": dbus.UInt64(1)}

    @dbus.service.method(SECRET + "Collection", in_signature="a{sv}(oayays)b", out_signature="oo",
                         async_callbacks=("reply", "fail"))
    def CreateItem(self, properties, secret, replace, reply, fail):
        say("CreateItem", COLLECTION_PATH)
        if self.service.settings["create"] == "die":
            os._exit(1)

        def save():
            for item in list(self.service.items.values()):
                if replace and item.attributes == properties[SECRET + "Item.Attributes"]:
                    self.service.forget(item)
            path = self.service.new_path(COLLECTION_PATH)
            self.service.items[path] = ItemObject(self.service, path, properties, secret)
            return path

        answer = self.service.confirm("confirm_create", save, NO_PATH)
        if self.service.settings["create"] != "silent":
            reply(*answer)


class ControlObject(dbus.service.Object):
    """What the test asks."""

    def __init__(self, service: ServiceObject):
        self._service = service
        super().__init__(service.bus, "/control")

    @dbus.service.method("test.Control", in_signature="s")
    def Change(self, settings):
        self._service.settings.update(json.loads(settings))

    @dbus.service.method("test.Control", out_signature="s")
    def Secrets(self):
        return json.dumps([json.loads(bytes(item.secret[2])) for item in self._service.items.values()])


def main(role: str, argument: str) -> None:
    from dbus.mainloop.glib import DBusGMainLoop  # both warn of themselves when they are imported
    from gi.repository import GLib

    DBusGMainLoop(set_as_default=True)
    bus = dbus.SessionBus()
    peer = PrompterObject(bus, argument, GLib.idle_add) if role == "prompter" else ServiceObject(bus, json.loads(argument))
    say("ready")
    GLib.MainLoop().run()
    del peer


if __name__ == "__main__":
    main(*sys.argv[1:])
