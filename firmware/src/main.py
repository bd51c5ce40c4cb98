"""Starts the instrument: Ctrl-C on the console leaves it playing and gives the prompt."""

from play import run

run()
