"""May a bundle's classes take the place of another's?"""

from collections import Counter

from edgedet.errors import ModelError
from edgedet.manifest import Bundle

_SHOWN = 5


def check_names(bundle: Bundle) -> None:
    """Refuse names by which nobody could tell classes apart.

    Raises:
        ModelError: a name is there twice, or cannot be shown.
    """
    names = bundle.manifest.class_names
    name, count = Counter(names).most_common(1)[0]
    odd = [each for each in names if not each.strip() or not each.isprintable()]
    problem = f"the class '{name}' is named {count} times" if count > 1 else ""
    problem = f"a class is named {odd[0]!r}" if odd else problem
    if problem:
        msg = (
            f"'{bundle.manifest.name}' {bundle.manifest.version}: {problem}; expected a different"
            " name for each, in plain text; correct class_names and export it again"
        )
        raise ModelError(msg)


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
