"""Take the pictures of `docs/teaching.md` out of the notebooks: `make pictures`.

Each is a figure as the notebook was committed with it, at the width of the page's table.
"""

import base64
import io
from pathlib import Path

import nbformat
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 520
FIGURES = {"01": 1, "02": 0, "03": 0, "04": 3, "05": 1, "06": 0, "07": 0, "08": 1, "09": 0}
"""Which of a notebook's figures is shown, counted from 0; of a notebook that is not named here, the first."""


def pictures() -> dict[str, bytes]:
    """The PNG of each notebook by its number."""
    found = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        number = path.name[:2]
        cells = nbformat.read(path, as_version=4).cells
        images = [
            output.data["image/png"]
            for cell in cells
            if cell.cell_type == "code"
            for output in cell.outputs
            if "image/png" in output.get("data", {})
        ]
        found[number] = smaller(base64.b64decode(images[FIGURES.get(number, 0)]))
    return found


def smaller(png: bytes) -> bytes:
    """An image at the width of the page, on white, with few colours."""
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    white = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if white.width > WIDTH:
        white = white.resize((WIDTH, round(white.height * WIDTH / white.width)), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    white.quantize(64).save(out, format="PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    for number, png in pictures().items():
        (ROOT / "docs" / "images" / f"teaching-{number}.png").write_bytes(png)
