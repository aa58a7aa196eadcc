"""Claims about plain text made from HTML."""

import pytest

from mailconfig.domain.composition.plaintext import plain_text

CASES = {
    "paragraphs": ("<p>One\n two</p><p>Three</p>", "One two\n\nThree"),
    "breaks": ("One<br>two<br/>three", "One\ntwo\nthree"),
    "empty-line": ("One<br><br><br>two", "One\n\ntwo"),
    "divs": ("<div>One</div><div><div>two</div></div>", "One\ntwo"),
    "headings": (
        "<h1>Title</h1><h2>Part</h2><h3>Small</h3>x",
        "Title\n=====\n\nPart\n----\n\nSmall\n\nx",
    ),
    "inline": ("a<b>b</b> <i>c</i>d", "ab cd"),
    "link": (
        '<a href="https://x.example/a?b=1&amp;c=2">here</a>.',
        "here <https://x.example/a?b=1&c=2>.",
    ),
    "link-says-it": ('<a href="https://x.example/">x.example</a>', "x.example"),
    "mailto": ("<a href='mailto:a@b.example'>write</a>", "write <a@b.example>"),
    "mailto-says-it": ("<a href=mailto:a@b.example>a@b.example</a>", "a@b.example"),
    "link-to-nowhere": (
        "<a href='#top'>up</a> <a href='javascript:x'>run</a> <a name=x>y</a>",
        "up run y",
    ),
    "link-of-image": (
        "<a href=https://x.example><img src=y alt='Shop &gt;'></a>",
        "Shop > <https://x.example>",
    ),
    "list": ("<ul><li>one<li>two</ul>end", "- one\n- two\n\nend"),
    "numbers": ("<ol><li>one</li><li>two</li></ol>", "1. one\n2. two"),
    "nested": ("<ul><li>a<ol><li>b</ol><li>c</ul>", "- a\n  1. b\n- c"),
    "item-of-two": ("<ul><li>a<br>b</ul>", "- a\n  b"),
    "table": ("<table><tr><th>A<th>B<tr><td>1<td>2</table>", "A | B\n1 | 2"),
    "layout-table": ("<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", "a\n\nb"),
    "pre": ("<pre>\nx  y\n  z\n</pre>", "x  y\n  z"),
    "quote": ("a<blockquote>b<p>c</blockquote>d", "a\n\n> b\n>\n> c\n\nd"),
    "rule": ("a<hr>b", "a\n--------------------\nb"),
    "entities": ("&lt;b&gt; &amp;amp; &eacute;&#233;&#xe9; &nosuch; &", "<b> &amp; ééé &nosuch; &"),
    "odd-numbers": ("a&#0;&#xd800;&#99999999999999;b", "a\ufffd\ufffd\ufffdb"),
    "script": ("a<script>if (x</y) alert('<p>')</script>b<style>p{}</style>c", "abc"),
    "open-script": ("a<script>alert(1)", "a"),
    "head": ("<head><title>T</title></head><body>x</body>", "x"),
    "comment": ("a<!-- <p> -->b<!-->c<!doctype html>d<?php x?>e", "abcde"),
    "conditional": ("a<!--[if mso]><td>x<![endif]-->b", "ab"),
    "less-than": ("1 < 2 <3 a<", "1 < 2 <3 a<"),
    "attribute-with-sign": ("<p title='a>b'>x</p>", "x"),
    "stray-quote": ("<p don't>x</p> it's", "x\n\nit's"),
    "no-break-space": ("a&nbsp;&nbsp;b", "a b"),
    "widthless": ("a\u200b&#8203;\ufeff\u00ad\u034fb", "ab"),
    "joiners-stay": ("نم\u200cک 👨\u200d👩", "نم\u200cک 👨\u200d👩"),
    "long-lines-stay": ("<p>" + "word " * 100, ("word " * 100).strip()),
    "case": ("<P>a</P><BR><UL><LI>b</UL>", "a\n\n- b"),
    "closing-only": ("</p></ul></blockquote></a></pre>a", "a"),
    "nothing": ("<p> </p><img src=x>", ""),
}


@pytest.mark.parametrize("case", CASES)
def test_shapes(case: str) -> None:
    """Each piece of HTML gives exactly its text."""
    source, text = CASES[case]
    assert plain_text(source) == text


_MANY = 200_000
HOSTILE = {
    "less-than": ("<" * _MANY, _MANY),
    "comments": ("<!--" * _MANY, 0),
    "declarations": ("<!" * _MANY, 0),
    "ends": ("</" * _MANY, 0),
    "tags": ("<a " * _MANY, 0),
    "quotes": ("<a x='" * (_MANY + 1), 0),
    "equal-signs": ("<a " + "= " * _MANY + ">x", 1),
    "letters": ("<a " + "x" * _MANY + ">x", 1),
    "spaces": ("<a href " + " " * _MANY + ">x", 1),
    "digits": ("&#" + "9" * _MANY + ";", 1),
    "ampersands": ("&" * _MANY, _MANY),
    "scripts": ("<script>" * _MANY, 0),
    "script-ends": ("<script>" + "</script" * _MANY, 0),
    "links": ("<a href=https://x>" * _MANY + "x" + "</a>" * _MANY, 1),
    "lists": ("<ul>" * _MANY + "<li>x", 17),
    "quotations": ("<blockquote>" * _MANY + "x", 10),
    "cells": ("<td>" * _MANY + "x", 1),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_html_is_read_once(case: str) -> None:
    """Time grows with the length: with its square each of these would take minutes."""
    source, length = HOSTILE[case]
    assert len(plain_text(source)) == length
