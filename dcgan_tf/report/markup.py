"""Make small pieces of HTML. Everything from a file or a user is escaped here."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dcgan_tf.printable import printable
from dcgan_tf.report.pictures import EmbeddedPicture

NOTHING = "–"
"""The mark for a missing number."""
WIDE = 1000
"""Pictures of at least this width in pixels can be scrolled on a phone, so that they stay legible."""


def text(value: Any) -> str:
    """Return a value as text that is safe between tags and in attributes, with control characters escaped."""
    return html.escape(printable(value, lines=True), quote=True)


def image(picture: EmbeddedPicture, *, alt: str) -> str:
    """Return an <img> that contains the picture, so that the page needs no other file.

    Args:
        picture: the embedded picture.
        alt: a text for readers who cannot see it.
    """
    encoded = base64.b64encode(picture.content).decode("ascii")
    return (
        f'<img src="data:{picture.media_type};base64,{encoded}" alt="{text(alt)}" '
        f'width="{picture.width}" height="{picture.height}">'
    )


def figure(picture: EmbeddedPicture, *, alt: str, caption: str = "") -> str:
    """Return a picture on a white card; a wide picture can be scrolled.

    Args:
        picture: as for `image`.
        alt: as for `image`.
        caption: the text below the picture.
    """
    below = f"<figcaption>{text(caption)}</figcaption>" if caption else ""
    if picture.width < WIDE:
        return f'<figure><div class="card">{image(picture, alt=alt)}</div>{below}</figure>'
    scroll = f'<div class="card wide" tabindex="0" role="group" aria-label="{text(alt)}">'
    return f'<figure class="scrolls">{scroll}{image(picture, alt=alt)}</div>{below}</figure>'


def fold(title: str, inside: str) -> str:
    """Return content that is shown on a click.

    Args:
        title: the line that is always visible.
        inside: HTML.
    """
    return f"<details><summary>{text(title)}</summary>{inside}</details>"


def facts(entries: Mapping[str, Any]) -> str:
    """Return names with their values as a list; the names' underscores become spaces."""
    rows = (f"<div><dt>{text(words(k))}</dt><dd>{text(plain(v))}</dd></div>" for k, v in entries.items())
    return f'<dl class="facts">{"".join(rows)}</dl>'


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    """Return a table; each row becomes a block on a phone, with headings before values.

    Args:
        headings: headings of the columns; the first column names the row.
        rows: rows of HTML, one piece for each column.
        numbers: the columns that are aligned to the right.
    """
    head = "".join(
        f'<th scope="col"{" class=number" if i in numbers else ""}>{text(heading)}</th>'
        for i, heading in enumerate(headings)
    )
    body = "".join(f"<tr>{_row(headings, row, numbers)}</tr>" for row in rows)
    return f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def number(value: Any, unit: str = "") -> str:
    """Return a measured number in a readable form.

    Args:
        value: a number; other values, also infinite ones, become a dash.
        unit: "share" is shown in per cent, "count" as a whole number.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return NOTHING
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "count" or float(value).is_integer():
        shown = f"{value:,.0f}"
    else:
        shown = f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}"
    return shown


def plain(value: Any) -> str:
    """Return a JSON value in a readable form."""
    if isinstance(value, Mapping):
        return ", ".join(f"{words(name)} {plain(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(plain(inner) for inner in value)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def words(name: str) -> str:
    """Return a name without its underscores."""
    return str(name).replace("_", " ")


def _row(headings: Sequence[str], row: Sequence[str], numbers: Sequence[int]) -> str:
    first, *others = row
    cells = [f'<th scope="row">{first}</th>']
    for i, (heading, cell) in enumerate(zip(headings[1:], others, strict=True), start=1):
        empty = cell == NOTHING
        kind = f' class="number{" none" if empty else ""}"' if i in numbers else ""
        cells.append(f'<td data-label="{text(heading)}"{kind}>{cell}</td>')
    return "".join(cells)
