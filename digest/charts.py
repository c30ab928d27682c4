"""The one chart of an issue: papers filed and chosen, stage by stage, as SVG for pages and as shares for mail."""

from dataclasses import dataclass

FULL = 86.0  # the tallest bar, in SVG units; bars stand on y = 124
STEP, BAR = 34, 18


@dataclass(frozen=True, slots=True)
class Bar:
    """One stage of the chart, measured in SVG units; `share` of the tallest bar in percent, for table cells."""

    number: int
    counted: int
    chosen: int
    x: float
    y: float
    height: float
    share: int
    dots: tuple[tuple[float, float], ...]

    @property
    def middle(self) -> float:
        """The x of the bar's middle."""
        return self.x + BAR / 2


def bars(rows: list[tuple[int, int, int]]) -> list[Bar]:
    """Measure a bar for each (stage, counted, chosen); a stage with any paper has a visible bar."""
    tallest = max((counted for _, counted, _ in rows), default=0)
    return [_bar(index, row, tallest) for index, row in enumerate(rows)]


def _bar(index: int, row: tuple[int, int, int], tallest: int) -> Bar:
    number, counted, chosen = row
    share = counted / tallest if tallest else 0.0
    height = round(max(1.0, share * FULL), 1) if counted else 0.0
    x = 8.0 + index * STEP
    dots = tuple((x + 4 + 10 * (i % 2), 152.0 + 10 * (i // 2)) for i in range(chosen))
    percent = max(1, round(share * 100)) if counted else 0
    return Bar(number, counted, chosen, x, round(124.0 - height, 1), height, percent, dots)


def height(chart: list[Bar]) -> float:
    """Give the height of the whole drawing: room for the dots of the fullest stage, four rows at least."""
    lowest = max((y for bar in chart for _, y in bar.dots), default=0.0)
    return max(196.0, lowest + 14)
