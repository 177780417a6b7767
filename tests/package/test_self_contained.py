"""The self-contained build where nothing but a C library is, and beside the OpenSSL of somebody else."""

import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

import other_system
from other_system import OtherSystem
from program import ProgramTestCase, config_for

# What an administrator may have written for another OpenSSL: it cannot work without that module.
FOREIGN = """openssl_conf = a
[a]
providers = b
engines = d
[b]
default = c
stranger = c
[c]
activate = 1
[d]
stranger = e
[e]
dynamic_path = /usr/lib/ssl/stranger.so
init = 1
"""


def setUpModule() -> None:
    other_system.require()


class SelfContained(ProgramTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.mkdtemp(prefix="grok-auth-self-contained-")
        self.addCleanup(shutil.rmtree, folder)
        self.program.configure(config_for(self.provider, ca_file=None, store="auto"))
        self.system = OtherSystem(folder).put_hashed(self.provider.ca)

    def test_a_c_library_is_all_it_needs(self):
        self.program.binary = self.system.wrap_alone(self.program.binary, str(self.program.folder))
        answer = self.program.sign_in(self.provider)
        self.assertEqual(self.program.run().json["access_token"], answer["access_token"])
        self.assertEqual(self.program.run("refresh").status, 0)
        renewed = self.program.as_grok(expired=True).wait(10).json
        self.assertNotEqual(renewed["access_token"], answer["access_token"])
        libraries = {path for path in self.system.opened if ".so" in path}
        self.assertLessEqual({os.path.basename(path) for path in libraries}, {"libc.so.6", "libm.so.6", "ld.so.cache"})

    def test_the_configuration_of_another_openssl_is_not_read(self):
        foreign = pathlib.Path(self.system.root, "foreign.cnf")
        foreign.write_text(FOREIGN)
        for place in "/usr/lib/ssl/openssl.cnf", "/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf":
            self.system.put(place, str(foreign))
        self.program.binary = self.system.wrap(self.program.binary)
        for environment in {}, {"OPENSSL_CONF": "/etc/ssl/openssl.cnf", "OPENSSL_MODULES": "/tmp", "OPENSSL_ENGINES": "/tmp"}:
            with self.subTest(environment):
                self.assertEqual(self.program.run("start", env=environment).status, 0)
                self.assertEqual({path for path in self.system.opened if "openssl" in path or "stranger" in path}, set())


if __name__ == "__main__":
    unittest.main()
