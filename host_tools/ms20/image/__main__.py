"""`python -m ms20.image`: build the stock MicroPython that some tests run, and print where it is."""

from ms20.image.build import build_stock
from ms20.image.progress import console_progress

if __name__ == "__main__":
    with console_progress() as progress:
        path = build_stock(progress)
    print(path)
