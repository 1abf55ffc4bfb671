"""The one tree of errors that edgedet raises on purpose.

    EdgedetError
    ├── ConfigError        a setting is wrong; exit code 2
    ├── UsageError         a command was called wrongly; exit code 2
    ├── SourceError        a camera or file cannot be read
    │   ├── AuthenticationError   the camera refused the credentials
    │   └── DecoderError          there is no decoder for the stream, or it does not start
    │       └── MissingPluginError    GStreamer lacks an element; which packages have it
    ├── ModelError         a bundle, checkpoint or backend cannot be used
    ├── PublishError       messages cannot be handed over
    ├── CommandError       what somebody asks for over the network cannot be done
    ├── SampleError        the store of sampled frames cannot be used
    ├── DataError          a training data set cannot be used
    └── SimError           a simulated camera, broker or service cannot be had

A message says what failed, the value, what was expected and what to do.
"""


def first_line(exc: BaseException) -> str:
    """What a library says, without the stack that some put behind it; its class if it is silent."""
    return (str(exc).strip().splitlines() or [type(exc).__name__])[0]


class EdgedetError(Exception):
    """Anything that edgedet refuses or cannot do, told in one line."""


class ConfigError(EdgedetError):
    """A configuration that must not be started; `problems` has one line for each mistake."""

    def __init__(self, message: str, problems: tuple[str, ...] = ()) -> None:
        """Keep `problems` beside the summary in `message`."""
        super().__init__(message)
        self.problems = problems


class UsageError(EdgedetError):
    """A command line that cannot be carried out as given."""


class SourceError(EdgedetError):
    """A camera or file that cannot be opened or read any further."""


class AuthenticationError(SourceError):
    """A camera refused the user name or password."""


class DecoderError(SourceError):
    """No decoder for the stream, or none that delivers frames."""


class MissingPluginError(DecoderError):
    """GStreamer has no element for the stream here; `packages` of Debian and Ubuntu have it."""

    def __init__(self, message: str, packages: tuple[str, ...]) -> None:
        """Keep `packages` beside the message."""
        super().__init__(message)
        self.packages = packages


class ModelError(EdgedetError):
    """A bundle, checkpoint or inference backend that cannot be used."""


class PublishError(EdgedetError):
    """Messages that cannot be handed over."""


class CommandError(EdgedetError):
    """A command from the network that cannot be carried out as given."""


class SampleError(EdgedetError):
    """The store of sampled frames cannot be used."""


class DataError(EdgedetError):
    """A training data set that cannot be used as it is."""


class SimError(EdgedetError):
    """A simulated counterpart that cannot be started or told what to do."""
