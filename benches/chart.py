"""docs/benchmarks.svg: CPU as a multiple of the floor's, a group of bars for each row."""

from html import escape

LEFT, BAR, GAP, RIGHT, WIDTH = 230, 15, 26, 70, 900
TITLE = "CPU as a multiple of a hand-written socket loop's"
# Chosen to differ in lightness too, for print and for colour-blind readers.
COLOURS = {"floor": "#9aa5b1", "curl": "#d9822b", "neon": "#8a6fb0", "libhttpclient": "#1f6fb2"}
STYLE = ("text{font:12px system-ui,sans-serif;fill:#222}.t{font-weight:600}.v{font-size:11px}"
         ".f{stroke:#666;stroke-width:1;stroke-dasharray:3 3}")


def _colour(label):
    return next(colour for name, colour in COLOURS.items() if label.startswith(name))


def svg(lines, titles):
    """Lines without a ratio to the floor are left out."""
    lines = [line for line in lines if line.times_floor is not None]
    groups = {}
    for line in lines:
        groups.setdefault(line.row, []).append(line)
    groups = {row: group for row, group in groups.items() if len(group) > 1}
    longest = max((line.times_floor for group in groups.values() for line in group), default=1.0)
    scale = (WIDTH - LEFT - RIGHT) / longest
    y, body = 46, []
    for row, group in groups.items():
        body.append(f'<text class="t" x="10" y="{y}">{escape(row)} · {escape(titles[row])}</text>')
        y += 8
        one = LEFT + scale
        bars = len(group) * BAR
        body.append(f'<line class="f" x1="{one:.1f}" y1="{y - 2}" x2="{one:.1f}" y2="{y + bars}"/>')
        for line in group:
            width = max(line.times_floor * scale, 1)
            middle = y + BAR - 4
            body.append(f'<text x="{LEFT - 8}" y="{middle}" text-anchor="end">{escape(line.label)}</text>')
            body.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 2}" '
                        f'fill="{_colour(line.label)}"/>')
            body.append(f'<text class="v" x="{LEFT + width + 5:.1f}" y="{middle}">{line.times_floor:.2f}</text>')
            y += BAR
        y += GAP
    height = y - GAP + 14
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
           f'viewBox="0 0 {WIDTH} {height}" role="img">',
           f"<title>{TITLE}</title>",
           f"<style>{STYLE}</style>", f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
           f'<text class="t" x="10" y="20">{TITLE} (shorter is better)</text>',
           *body, "</svg>"]
    return "\n".join(out) + "\n"
