"""Installs the runtimes that are driven, unless they are there."""

from tests.browsers.clients import VERSIONS, folder, install, installed

if any(installed(name) != version for name, version in VERSIONS.items()):
    install()
print(f"{', '.join(f'{name} {version}' for name, version in VERSIONS.items())}: in {folder()}")
