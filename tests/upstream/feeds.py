"""The laboratories' own feeds, each in the shape of the site that makes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

from tests.upstream.answer import RSS, XML, Answer, attribute, text
from tests.upstream.catalogue import Catalogue
from tests.upstream.chance import hexadecimal
from tests.upstream.model import Post

CHINA = timezone(timedelta(hours=8))
ATOM = 'xmlns:atom="http://www.w3.org/2005/Atom"'
CONTENT = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'


def answer(world: Catalogue, lab: str) -> Answer:
    """The feed of a laboratory; one that keeps none is not found."""
    shape = SHAPES.get(lab)
    if shape is None:
        return Answer(b"<!DOCTYPE html><html><title>404</title><h1>Not Found</h1></html>", "text/html", 404)
    posts = [post for post in world.posts if post.lab == lab and not _hidden(world, post)]
    newest = max((post.published for post in posts), default=datetime(2026, 1, 1, tzinfo=UTC))
    content_type = XML if lab in ("google-deepmind", "qwen") else RSS
    return Answer(shape(posts, newest).encode(), content_type, conditional=True)


def _hidden(world: Catalogue, post: Post) -> bool:
    """Whether the post is about a paper that has not come in yet."""
    return post.arxiv_id is not None and world.find(post.arxiv_id) is None


def _arxiv(post: Post) -> str:
    """The address of the paper's page."""
    return f"https://arxiv.org/abs/{post.arxiv_id}"


def _more(post: Post) -> str:
    """A paragraph that links the paper, as HTML."""
    return f'<p>Read the <a href="{_arxiv(post)}">paper</a>.</p>' if post.arxiv_id else ""


def _openai(posts: list[Post], newest: datetime) -> str:
    """CDATA everywhere; a post about a paper links straight to arXiv."""
    items = "".join(_openai_item(post) for post in posts)
    return f"""<?xml version="1.0" encoding="UTF-8"?><rss xmlns:dc="http://purl.org/dc/elements/1.1/" {CONTENT} {ATOM} \
version="2.0">
    <channel>
        <title><![CDATA[OpenAI News]]></title>
        <description><![CDATA[The OpenAI blog]]></description>
        <link>https://openai.com/news</link>
        <image>
            <url>https://openai.com/apple-icon.png</url>
            <title>OpenAI News</title>
            <link>https://openai.com/news</link>
        </image>
        <generator>OpenAI</generator>
        <lastBuildDate>{_gmt(newest)}</lastBuildDate>
        <atom:link href="https://openai.com/news/rss.xml" rel="self" type="application/rss+xml"/>
{items}    </channel>
</rss>"""


def _openai_item(post: Post) -> str:
    """One entry of the OpenAI feed."""
    address = _arxiv(post) if post.arxiv_id else f"https://openai.com/index/{post.slug}"
    return f"""        <item>
            <title>{_cdata(post.title)}</title>
            <description>{_cdata(post.summary)}</description>
            <link>{address}</link>
            <guid isPermaLink="true">{address}</guid>
            <category>{_cdata(post.section)}</category>
            <pubDate>{_gmt(post.published)}</pubDate>
        </item>
"""


def _deepmind(posts: list[Post], newest: datetime) -> str:
    """All on one line, pictures as media elements."""
    items = "".join(_deepmind_item(post) for post in posts)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" {ATOM} xmlns:media="http://search.yahoo.com/mrss/">'
        "<channel><title>Google DeepMind News</title><link>https://deepmind.google/blog/</link>"
        "<description>Articles and stories from the laboratory.</description>"
        '<atom:link href="https://example.com/blog/rss.xml" rel="self"/><language>en</language>'
        f"<lastBuildDate>{_offset(newest)}</lastBuildDate>{items}</channel></rss>"
    )


def _deepmind_item(post: Post) -> str:
    """One entry of the DeepMind feed; some have an empty description."""
    address = f"https://deepmind.google/blog/{post.slug}/"
    body = text(post.summary + _more(post)) if post.arxiv_id or len(post.slug) % 3 else ""
    described = f"<description>{body}</description>" if body else "<description/>"
    picture = f"https://lh3.googleusercontent.com/{hexadecimal(post.slug, 48)}=w528-h297-n-nu-rw-lo"
    return (
        f"<item><title>{text(post.title)}</title><link>{address}</link>{described}"
        f"<pubDate>{_offset(post.published)}</pubDate><guid>{address}</guid>"
        f'<media:thumbnail url="{picture}"/><media:content medium="image" url="{picture}"/></item>'
    )


def _qwen(posts: list[Post], newest: datetime) -> str:
    """Made by Hugo: Chinese time, whole pages as text, blank lines between entries."""
    items = "".join(_qwen_item(post) for post in posts)
    return f"""<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<rss version="2.0" {ATOM} {CONTENT}>
  <channel>
    <title>Blog on Qwen</title>
    <link>https://qwenlm.github.io/blog/</link>
    <description>Recent content in Blog on Qwen</description>
    <image>
      <url>https://qwenlm.github.io/%3Clink%20or%20path%20of%20image%20for%20opengraph,%20twitter-cards%3E</url>
      <link>https://qwenlm.github.io/%3Clink%20or%20path%20of%20image%20for%20opengraph,%20twitter-cards%3E</link>
    </image>
    <generator>Hugo -- gohugo.io</generator>
    <lastBuildDate>{_offset(newest, CHINA)}</lastBuildDate><atom:link \
href="https://qwenlm.github.io/blog/index.xml" rel="self" type="application/rss+xml" />
{items}  </channel>
</rss>
"""


def _qwen_item(post: Post) -> str:
    """One entry of the Qwen feed."""
    report = f"PAPER {_arxiv(post)} " if post.arxiv_id else ""
    address = f"https://qwenlm.github.io/blog/{post.slug}/"
    return f"""    <item>
      <title>{text(post.title)}</title>
      <link>{address}</link>
      <pubDate>{_offset(post.published, CHINA)}</pubDate>
      
      <guid>{address}</guid>
      <description>{report}GITHUB HUGGING FACE MODELSCOPE DISCORD
Introduction {text(post.summary)}</description>
    </item>
    
"""


def _anthropic(posts: list[Post], newest: datetime) -> str:
    """Scraped by others: the date and the section run into the title."""
    items = "".join(_scraped(post, f"https://www.anthropic.com/research/{post.slug}", True) for post in posts)
    return _scraped_feed("Anthropic Research", "https://www.anthropic.com/research", newest, items)


def _meta(posts: list[Post], newest: datetime) -> str:
    """Scraped by others, with plain titles."""
    items = "".join(_scraped(post, f"https://ai.meta.com/blog/{post.slug}/", False) for post in posts)
    return _scraped_feed("AI at Meta Blog", "https://ai.meta.com/blog/", newest, items)


def _scraped_feed(title: str, address: str, newest: datetime, items: str) -> str:
    """The frame that the scraper's library writes."""
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<rss {ATOM} {CONTENT} version="2.0">
  <channel>
    <title>{title}</title>
    <link>{address}</link>
    <description>Latest from {title}</description>
    <atom:link href="https://example.com/feeds/{hexadecimal(title, 8)}.xml" rel="self"/>
    <docs>http://www.rssboard.org/rss-specification</docs>
    <generator>python-feedgen</generator>
    <language>en</language>
    <lastBuildDate>{_offset(newest + timedelta(hours=4))}</lastBuildDate>
{items}  </channel>
</rss>
"""


def _scraped(post: Post, address: str, dated: bool) -> str:
    """One scraped entry; the description repeats the title unless there is a paper to link."""
    day = post.published.replace(hour=0, minute=0, second=0)
    # Every other entry has the date in front of the title, as the scraper finds it on the page.
    title = f"{day:%b} {day.day}, {day.year}{post.section}{post.title}" if dated and len(post.slug) % 2 else post.title
    described = post.summary + _more(post) if post.arxiv_id else title
    return f"""    <item>
      <title>{text(title)}</title>
      <link>{attribute(address)}</link>
      <description>{text(described)}</description>
      <guid isPermaLink="false">{attribute(address)}</guid>
      <category>{text(post.section)}</category>
      <pubDate>{_offset(day)}</pubDate>
    </item>
"""


def _cdata(value: str) -> str:
    """A CDATA section; the end mark inside is split in two sections."""
    return f"<![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]>"


def _gmt(at: datetime) -> str:
    """A date that ends in GMT."""
    return at.strftime("%a, %d %b %Y %H:%M:%S GMT")


def _offset(at: datetime, zone: timezone | None = None) -> str:
    """A date with a numeric offset."""
    return format_datetime(at.astimezone(zone) if zone else at)


SHAPES: dict[str, Callable[[list[Post], datetime], str]] = {
    "openai": _openai,
    "google-deepmind": _deepmind,
    "qwen": _qwen,
    "anthropic": _anthropic,
    "meta-fair": _meta,
}
