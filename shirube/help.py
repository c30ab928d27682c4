"""Help that depends on what is installed, looked for only when it is asked for."""

from typing import Any

from typer.core import TyperCommand, TyperOption


class WithFormats(TyperCommand):
    """A command that lists the formats there are; they are looked for when help is asked, since that takes time."""

    def get_help(self, ctx: Any) -> str:
        """Write the help, with the formats found in --format's line."""
        from digest.formats import formats

        *most, last = formats()
        for param in self.params:
            if isinstance(param, TyperOption) and param.name == "form":
                param.help = f"{', '.join(most)} or {last}."
        return super().get_help(ctx)
