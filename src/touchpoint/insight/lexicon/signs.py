"""Signs that mean the same in every language."""

from collections.abc import Mapping
from typing import Final

SIGNS: Final[Mapping[int, str]] = {
    3: "😍 🥰 😻 ❤ 💕 💖 🤩 💯 🏆",
    2: "😀 😃 😄 😁 😊 🙂 😋 👍 👏 🙌 💪 🎉 👌 😎 🤗 🥳",
    -1: "😕 🙁 ☹ 😐 😒 🙄",
    -2: "👎 😞 😔 😟 😢 😣 😖 😩 😫 😤 💩",
    -3: "😠 😡 🤬 🤮 🤢 😭",
}
"""Pictures by weight; the colour of a skin does not count."""
