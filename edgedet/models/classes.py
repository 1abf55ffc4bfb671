"""May a bundle's classes take the place of another's?"""

from edgedet.errors import ModelError
from edgedet.manifest import Bundle

_SHOWN = 5


def check_classes(bundle: Bundle, used: Bundle, hint: str = "") -> None:
    """Refuse other classes, or the same in another order: every zone and filter knows them by it.

    `hint` says what to do if it is meant.

    Raises:
        ModelError: if those of `used` are not the first of `bundle`'s.
    """
    now, then = used.manifest.class_names, bundle.manifest.class_names
    if then[: len(now)] == now:
        return
    msg = (
        f"the classes of '{bundle.manifest.name}' {bundle.manifest.version} are "
        f"{_some(then)}, those in use are {_some(now)}{hint}"
    )
    raise ModelError(msg)


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
