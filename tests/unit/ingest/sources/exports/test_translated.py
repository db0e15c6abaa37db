"""Exports of Meta in the layouts of the years and in other languages."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.post import Post, parse_post
from services.ingest.sources.rows import FileError, Row
from tests.unit.ingest.sources.exports.archives import zipped
from tests.unit.ingest.sources.exports.test_export import read, texts
from tests.unit.ingest.sources.layouts.examples import variants

AT = 1767261600


def as_meta(text: str) -> str:
    """Return a text as Meta's exports write it: each byte of UTF-8 a character."""
    return text.encode().decode("latin-1")


NAME = as_meta("Júlia Ferré")
PROFILE: Any = {"profile_v2": {"name": {"full_name": NAME}, "profile_uri": "https://www.facebook.com/julia.ferre.t"}}
POSTS: Any = [
    {"timestamp": AT, "data": [{"post": "said"}], "title": f"{NAME} hat seinen Status aktualisiert."},
    {
        "timestamp": AT + 1,
        "attachments": [
            {
                "data": [
                    {
                        "media": {
                            "uri": "posts/media/7_n.jpg",
                            "creation_timestamp": AT,
                            "description": as_meta("größer"),
                        }
                    },
                    {"media": {"uri": "posts/media/8_n.jpg", "creation_timestamp": AT, "description": ""}},
                ]
            },
            {"data": [{"external_context": {"url": "https://e.test", "name": "an article"}}]},
            {"data": [{"place": {"name": "a place", "address": "an address"}}]},
        ],
        "title": as_meta("Júlia Ferré a ajouté une nouvelle photo."),
    },
    {
        "timestamp": AT + 2,
        "attachments": [{"data": [{"note": {"title": "A note", "text": "and its text"}}]}],
        "data": [],
    },
    {"timestamp": AT + 3, "attachments": [{"data": [{"life_event": {"title": "Moved to Vigo"}}]}], "data": []},
    {"timestamp": AT + 4, "attachments": [{"data": [{"poll": {"question": "not told whose"}}]}]},
    {
        "timestamp": AT + 5,
        "data": [{"post": "twice"}],
        "attachments": [{"data": [{"media": {"uri": "a/9_n.jpg", "creation_timestamp": AT, "description": "twice"}}]}],
    },
]
ALBUM: Any = {
    "name": "Holidays",
    "photos": [
        {"uri": "other/7_n.jpg", "creation_timestamp": AT, "description": as_meta("größer")},
        {"uri": "other/9_n.jpg", "creation_timestamp": AT, "description": "twice"},
        {
            "uri": "other/10_n.jpg",
            "creation_timestamp": AT,
            "description": "only here",
            "comments": [{"timestamp": AT, "comment": "a friend's words", "author": "Kai Other"}],
        },
    ],
    "cover_photo": {"uri": "other/10_n.jpg", "creation_timestamp": AT, "description": "only here"},
    "last_modified_timestamp": AT,
    "comments": [{"timestamp": AT, "comment": "more of a friend's words", "author": "Kai Other"}],
    "description": "all of the holidays",
}
VIDEOS: Any = {"videos_v2": [{"uri": "v/1.mp4", "creation_timestamp": AT, "description": "moving"}]}
COMMENTS: Any = {
    "comments_v2": [
        {"timestamp": AT, "data": [{"comment": {"timestamp": AT, "comment": "replied", "author": NAME}}], "title": "x"}
    ]
}
GROUPS: Any = {"group_posts_v2": [{"timestamp": AT, "data": [{"post": "among us"}], "title": f"{NAME} posted in G."}]}
WALL: Any = {"wall_posts_sent_to_you_v2": [{"timestamp": AT, "data": [{"post": "from a friend"}]}]}
TRASH: Any = {"trash_v2": [{"timestamp": AT, "data": [{"post": "taken away"}], "title": f"{NAME} updated."}]}
CHAT: Any = {"participants": [{"name": "Kai Other"}], "messages": [{"sender_name": "Kai Other", "content": "hi"}]}
OWN_TEXTS = {"said", "größer", "A note\n\nand its text", "Moved to Vigo", "twice", "only here"} | {
    "all of the holidays",
    "moving",
    "replied",
}

FACEBOOK_FOLDERS = {
    "2018": (
        "profile_information/profile_information",
        "posts/your_posts_1",
        "photos_and_videos/album/0",
        "photos_and_videos/your_videos",
        "comments/comments",
        "groups/your_posts_and_comments_in_groups",
        "posts/other_people's_posts_to_your_timeline",
        "archive/trash",
        "messages/inbox/kai_1/message_1",
    ),
    "2021": (
        "profile_information/profile_information",
        "posts/your_posts_1",
        "posts/album/0",
        "posts/your_videos",
        "comments_and_reactions/comments",
        "groups/your_posts_in_groups",
        "posts/other_people's_posts_to_your_timeline",
        "other_activity/trash",
        "messages/inbox/kai_1/message_1",
    ),
    "2023": (
        "personal_information/profile_information/profile_information",
        "your_activity_across_facebook/posts/your_posts__check_ins__photos_and_videos_1",
        "your_activity_across_facebook/posts/album/0",
        "your_activity_across_facebook/posts/your_videos",
        "your_activity_across_facebook/comments_and_reactions/comments",
        "your_activity_across_facebook/groups/your_posts_in_groups",
        "your_activity_across_facebook/posts/other_people's_posts_to_your_timeline",
        "your_activity_across_facebook/posts/trash",
        "your_activity_across_facebook/messages/inbox/kai_1/message_1",
    ),
    "German": (
        "persönliche_informationen/profilinformationen/profilinformationen",
        "deine_facebook-aktivitäten/beiträge/deine_beiträge_1",
        "deine_facebook-aktivitäten/beiträge/album/0",
        "deine_facebook-aktivitäten/beiträge/deine_videos",
        "deine_facebook-aktivitäten/kommentare_und_reaktionen/kommentare",
        "deine_facebook-aktivitäten/gruppen/deine_beiträge_in_gruppen",
        "deine_facebook-aktivitäten/beiträge/beiträge_anderer_personen_in_deiner_chronik",
        "deine_facebook-aktivitäten/beiträge/papierkorb",
        "deine_facebook-aktivitäten/nachrichten/posteingang/kai_1/nachricht_1",
    ),
    "Spanish": (
        "información_personal/información_del_perfil/información_del_perfil",
        "tu_actividad_en_facebook/publicaciones/tus_publicaciones_1",
        "tu_actividad_en_facebook/publicaciones/álbum/0",
        "tu_actividad_en_facebook/publicaciones/tus_vídeos",
        "tu_actividad_en_facebook/comentarios_y_reacciones/comentarios",
        "tu_actividad_en_facebook/grupos/tus_publicaciones_en_grupos",
        "tu_actividad_en_facebook/publicaciones/publicaciones_de_otras_personas_en_tu_biografía",
        "tu_actividad_en_facebook/publicaciones/papelera",
        "tu_actividad_en_facebook/mensajes/bandeja/kai_1/mensaje_1",
    ),
    "French": (
        "informations_personnelles/informations_du_profil/informations_du_profil",
        "votre_activité/publications/vos_publications_1",
        "votre_activité/publications/album/0",
        "votre_activité/publications/vos_vidéos",
        "votre_activité/commentaires_et_réactions/commentaires",
        "votre_activité/groupes/vos_publications_dans_les_groupes",
        "votre_activité/publications/publications_d'autres_personnes_dans_votre_journal",
        "votre_activité/publications/corbeille",
        "votre_activité/messages/boîte/kai_1/message_1",
    ),
    "Portuguese": (
        "informações_pessoais/informações_do_perfil/informações_do_perfil",
        "sua_atividade/publicações/suas_publicações_1",
        "sua_atividade/publicações/álbum/0",
        "sua_atividade/publicações/seus_vídeos",
        "sua_atividade/comentários_e_reações/comentários",
        "sua_atividade/grupos/suas_publicações_em_grupos",
        "sua_atividade/publicações/publicações_de_outras_pessoas",
        "sua_atividade/publicações/lixeira",
        "sua_atividade/mensagens/caixa/kai_1/mensagem_1",
    ),
    "Italian": (
        "informazioni_personali/informazioni_del_profilo/informazioni_del_profilo",
        "la_tua_attività/post/i_tuoi_post_1",
        "la_tua_attività/post/album/0",
        "la_tua_attività/post/i_tuoi_video",
        "la_tua_attività/commenti_e_reazioni/commenti",
        "la_tua_attività/gruppi/i_tuoi_post_nei_gruppi",
        "la_tua_attività/post/post_di_altre_persone_sul_tuo_diario",
        "la_tua_attività/post/cestino",
        "la_tua_attività/messaggi/posta/kai_1/messaggio_1",
    ),
}


@pytest.mark.parametrize("spelled", ["as it is", "byte by byte"])
@pytest.mark.parametrize("layout", FACEBOOK_FOLDERS)
def test_facebooks_export_is_read_in_every_layout(layout: str, spelled: str) -> None:
    """Posts, descriptions, notes, life events, albums, videos and comments, each once; no word of another."""
    names = [f"{name}.json" for name in FACEBOOK_FOLDERS[layout]]
    if spelled == "byte by byte":
        names = [as_meta(name) for name in names]
    members = dict(zip(names, (PROFILE, POSTS, ALBUM, VIDEOS, COMMENTS, GROUPS, WALL, TRASH, CHAT), strict=True))
    rows = read(zipped(members))
    assert [row.reason for row in rows if row.post is None] == []
    assert sorted(row.post["text"] for row in rows if row.post) == sorted(OWN_TEXTS)
    author = {"id": "https://www.facebook.com/julia.ferre.t", "handle": "julia.ferre.t"}
    assert all(row.post["author"] == author for row in rows if row.post)
    parsed = [parse_post(row.post, datetime(2026, 11, 1, tzinfo=UTC)) for row in rows]
    assert all(isinstance(post, Post) for post in parsed)


INSTAGRAM_LABELS = {
    "German": ("Benutzername", "Kommentar", "Medieninhaber:in", "Zeit", "persönliche_informationen", "beiträge_1"),
    "Austrian": ("Nutzername", "Kommentar", "Medieneigentümer", "Uhrzeit", "persönliche_informationen", "beiträge_1"),
    "Spanish": ("Nombre de usuario", "Comentario", "Propietario", "Hora", "información_personal", "publicaciones_1"),
    "French": (
        "Nom d\u2019utilisateur",
        "Commentaire",
        "Propriétaire",
        "Heure",
        "informations_perso",
        "publications_1",
    ),
    "Portuguese": ("Nome de usuário", "Comentário", "Proprietário", "Horário", "informações_pessoais", "publicações_1"),
    "Italian": ("Nome utente", "Commento", "Proprietario", "Ora", "informazioni_personali", "post_1"),
    "Dutch": ("Gebruikersnaam", "Opmerking", "Eigenaar", "Tijd", "persoonlijke_informatie", "berichten_1"),
    "Turkish": ("Kullan\u0131c\u0131 ad\u0131", "Yorum", "Medya Sahibi", "Zaman", "kişisel_bilgiler", "gönderiler_1"),
    "Japanese": ("ユーザーネーム", "コメント", "メディア所有者", "時間", "個人情報", "投稿_1"),
}


@pytest.mark.parametrize("spelled", ["as it is", "byte by byte"])
@pytest.mark.parametrize("language", INSTAGRAM_LABELS)
def test_instagrams_export_is_read_in_every_language(language: str, spelled: str) -> None:
    """Folders, files and labels are translated; what was archived, seen or is another file stays out."""
    user, comment, of, at, folder, posts = INSTAGRAM_LABELS[language]
    if spelled == "byte by byte":
        user, comment, of, at = map(as_meta, (user, comment, of, at))
    about = {"Email": {"value": "j@e.test", "timestamp": 0}, user: {"value": "julia.t", "timestamp": 0}}
    said = {comment: {"value": as_meta("schön")}, of: {"value": "aerolume"}, at: {"timestamp": AT}}
    members: Any = {
        f"{folder}/{folder}.json": {"profile_user": [{"media_map_data": {}, "string_map_data": about}]},
        f"inhalte/{posts}.json": [{"media": [{"uri": "p.jpg", "creation_timestamp": AT, "title": "seen"}]}],
        "inhalte/reels.json": {
            "ig_reels_media": [{"media": [{"uri": "r", "creation_timestamp": AT, "title": "reel"}]}]
        },
        "x/y_1.json": [{"media_list_data": [{"uri": ""}], "string_map_data": said}],
        "x/archiv.json": {"ig_archived_post_media": [{"media": [{"uri": "h", "title": "hidden"}]}]},
        "x/ads.json": {"impressions": [{"string_map_data": {"Autor": {"value": "other"}, at: {"timestamp": AT}}}]},
        "x/topics.json": {"topics": [{"string_map_data": {"Name": {"value": "Travel"}}}]},
    }
    rows = read(zipped(members))
    assert [row.reason for row in rows if row.post is None] == []
    assert texts(rows) == {"seen", "reel", "schön"}
    assert {row.post["author"]["id"] for row in rows if row.post} == {"julia.t"}
    assert [row.post["created_at"] for row in rows if row.post and "in_reply_to" in row.post] == [
        "2026-01-01T10:00:00+00:00"
    ]


def a_comment(author: str | None, title: str | None, text: str = "words") -> dict[str, Any]:
    """Return a comment by an author, under a title, each where it is told."""
    comment = {"timestamp": AT, "comment": text} | ({"author": author} if author else {})
    return {"timestamp": AT, "data": [{"comment": comment}]} | ({"title": title} if title else {})


@pytest.mark.parametrize(
    ("author", "title", "reason"),
    [
        (NAME, "Kai Other commented on a post", None),
        (NAME.upper(), None, None),
        (None, f"{NAME} commented on Kai Other's post.", None),
        (None, f"{NAME} hat Kai Others Beitrag kommentiert.", None),
        (None, as_meta("Júlia Ferré a commenté la publication de Kai Other."), None),
        (None, f"{NAME} ha commentato il post di Kai Other.", None),
        (None, as_meta("Użytkownik Júlia Ferré skomentował post."), None),
        (None, as_meta("Júlia FerréさんがKai Otherさんの投稿にコメントしました。"), None),
        ("Kai Other", f"{NAME} commented on a post", "another author"),
        (as_meta("Julia Ferré"), None, "another author"),
        (None, "Kai Other commented on a post.", "another author"),
        (None, f"Kai Other commented on {NAME}'s post.", "does not tell its author"),
        (None, f"{NAME} Vidal commented on a post.", "does not tell its author"),
        (None, f"{NAME}-Vidal commented on a post.", "does not tell its author"),
        (None, as_meta("Júlia Ferré\u2019s photo has a comment."), "does not tell its author"),
        (None, None, "does not tell its author"),
    ],
)
def test_a_comment_is_the_owners_only_where_that_is_told(
    author: str | None, title: str | None, reason: str | None
) -> None:
    """By its author, else by a title that begins with the owner's name; anything else is rejected with its reason."""
    members: Any = {"profile_information/profile_information.json": PROFILE}
    members["comments/comments.json"] = {"comments": [a_comment(author, title)]}
    (row,) = read(zipped(members))
    assert (row.post is None) == (reason is not None)
    assert (reason or "") in row.reason
    assert "Other" not in row.reason


def test_a_name_of_before_is_the_owners_too() -> None:
    """People marry; the profile tells the names that they had."""
    profile: Any = {"profile_v2": {**PROFILE["profile_v2"], "previous_names": [{"name": "J. Vidal", "timestamp": 1}]}}
    members: Any = {"profile_information/profile_information.json": profile}
    members["comments/comments.json"] = {"comments": [a_comment("J. Vidal", None)]}
    assert texts(read(zipped(members))) == {"words"}


def test_a_profile_without_a_name_makes_no_comment_the_owners() -> None:
    """Where nothing tells how the owner is called, no author can be compared."""
    members: Any = {"profile_information/profile_information.json": {"profile_v2": {"username": "j"}}}
    members["comments/comments.json"] = {"comments": [a_comment("Kai Other", "Kai Other commented on a post.")]}
    (row,) = read(zipped(members))
    assert "does not tell its author" in row.reason


def test_a_post_under_anothers_title_is_rejected() -> None:
    """A file whose name is not known may hold what friends wrote on the owner's timeline."""
    members: Any = {
        "profil/profil.json": PROFILE,
        "beiträge/liste.json": [*POSTS, {**POSTS[0], "title": "Kai Other schrieb."}],
    }
    rows = read(zipped(members))
    assert ["title" in row.reason for row in rows if row.post is None] == [True]
    assert len([row for row in rows if row.post]) == len(POSTS) - 1


def test_a_post_by_another_author_is_rejected() -> None:
    """Where an item names its author, that author has to be the owner."""
    members: Any = {"profile_information/profile_information.json": PROFILE}
    members["posts/your_posts_1.json"] = [{**POSTS[0], "author": "Kai Other"}, {**POSTS[0], "author": NAME}]
    assert [row.reason.partition(" holds ")[2] for row in read(zipped(members))] == [
        "a post by another author than the owner",
        "",
    ]


@pytest.mark.parametrize("name", ["saves_v2", "gemerkt_v2", "poll_votes_v2"])
def test_pictures_that_were_saved_are_not_the_owners(name: str) -> None:
    """Such lists have a name, and the owner's name stands first in their titles too."""
    medium = {"uri": "k.jpg", "creation_timestamp": AT, "description": "a friend's words"}
    kept = {"timestamp": AT, "attachments": [{"data": [{"media": medium}]}], "title": f"{NAME} saved a photo."}
    members: Any = {"profil/profil.json": PROFILE, "beiträge/beiträge_1.json": POSTS}
    members["aktivität/gemerkt.json"] = {name: [kept] * 4}
    assert "a friend's words" not in texts(read(zipped(members)))


def test_notes_have_files_of_their_own_too() -> None:
    """Known by their shape where the folder is translated."""
    members: Any = {"profil/profil.json": PROFILE}
    members["andere/notizen.json"] = {"notes_v2": [{"title": "left out", "text": "x", "created_timestamp": AT}]}
    members["notizen/notizen.json"] = {"notes_v2": [{"title": "On bags", "text": "lost", "created_timestamp": AT}]}
    assert texts(read(zipped(members))) == {"On bags\n\nlost"}


def test_a_name_of_a_member_cannot_write_to_the_terminal() -> None:
    """A ZIP file may name its members as it likes."""
    members: Any = {"profile_information/profile_information.json": PROFILE}
    members["x/\x1b[31mposts.json"] = [POSTS[0], {"timestamp": 1, "data": 7}]
    assert [row.reason.isprintable() for row in read(zipped(members)) if row.post is None] == [True]


def test_comments_in_groups_are_left_out() -> None:
    """As posts in groups are: most groups are closed."""
    members: Any = {"profile_information/profile_information.json": PROFILE}
    inside_group = a_comment(NAME, None)
    inside_group["data"][0]["comment"]["group"] = "Secret gardeners"
    members["comments/comments.json"] = {"comments": [inside_group, a_comment(NAME, None, "outside")]}
    assert texts(read(zipped(members))) == {"outside"}


def test_the_same_export_in_two_layouts_is_the_same_posts() -> None:
    """A second export of the account adds nothing that the first one had."""
    ids = []
    for layout in ("2018", "German"):
        names = [f"{name}.json" for name in FACEBOOK_FOLDERS[layout]]
        members = dict(zip(names, (PROFILE, POSTS, ALBUM, VIDEOS, COMMENTS), strict=False))
        ids.append({row.post["post_id"] for row in read(zipped(members)) if row.post})
    assert ids[0] == ids[1]


@pytest.mark.parametrize("name", ["start_here.html", "posts/your_posts_1.HTML", "beiträge/deine_beiträge.htm"])
def test_an_export_in_html_is_named_with_the_remedy(name: str) -> None:
    """In any language, and beside pictures."""
    with pytest.raises(FileError, match="HTML; ask the platform for it in JSON"):
        read(zipped({name: b"<html>", "photos/1.jpg": b"\xff\xd8"}))


def test_an_instagram_export_that_does_not_name_its_owner_says_so() -> None:
    """No other text of the personal information is taken for a user name."""
    members: Any = {
        "personal_information/personal_information.json": {
            "profile_user": [{"string_map_data": {"Geschlecht": {"value": "female"}, "Mail": {"value": "a@e.test"}}}]
        },
        "content/posts_1.json": [{"media": [{"uri": "p", "creation_timestamp": AT, "title": "t"}]}],
    }
    with pytest.raises(FileError, match="whose it is"):
        read(zipped(members))


@pytest.mark.parametrize("name", ["POSTS", "ALBUM", "VIDEOS", "COMMENTS"])
def test_no_part_of_another_kind_breaks_facebooks_reading(name: str) -> None:
    """Whatever stands where something else should: a post, a reason or nothing."""
    items = list(variants({"POSTS": POSTS, "ALBUM": ALBUM, "VIDEOS": VIDEOS, "COMMENTS": COMMENTS}[name]))
    members: Any = {"profile_information/profile_information.json": PROFILE}
    members |= {f"posts/album/{number}.json": item for number, item in enumerate(items)}
    members["posts/your_posts_1.json"] = [
        part for item in items for part in (item if isinstance(item, list) else [item])
    ]
    for row in read(zipped(members)):
        assert row.reason if row.post is None else parse_post(row.post, datetime(2026, 11, 1, tzinfo=UTC))


def test_no_part_of_another_kind_breaks_instagrams_reading() -> None:
    """Nor an owner who is told in another way than the export's."""
    said = {"Comment": {"value": "late"}, "Media Owner": {"value": "a"}, "Time": {"timestamp": AT}}
    about = {"profile_user": [{"string_map_data": {"Username": {"value": "julia.t"}}}]}
    post = {"media": [{"uri": "p", "creation_timestamp": AT, "title": "seen"}], "title": "", "creation_timestamp": AT}
    items = [*variants({"string_map_data": said}), *variants(post)]
    for owner in variants(about):
        members: Any = {"personal_information/personal_information.json": owner, "content/posts_1.json": items}
        with suppress(FileError):
            for row in read(zipped(members)):
                assert row.reason if row.post is None else parse_post(row.post, datetime(2026, 11, 1, tzinfo=UTC))


JUNK = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.lists(st.integers(), max_size=2)


def spoiled(value: Any, data: st.DataObject) -> Any:
    """Return a value with keys left out and in another order, and some inner values replaced."""
    if isinstance(value, dict):
        names = data.draw(st.permutations(list(value)))
        return {name: spoiled(value[name], data) for name in names if data.draw(st.integers(0, 6))}
    if isinstance(value, list):
        return [spoiled(inner, data) for inner in value]
    return value if data.draw(st.integers(0, 9)) else data.draw(JUNK)


@given(st.data())
def test_no_omission_breaks_the_reading_or_makes_anothers_words_the_owners(data: st.DataObject) -> None:
    """Whatever lacks: posts, rows with a reason, or one sentence; never a friend's comment."""
    names = [f"{name}.json" for name in FACEBOOK_FOLDERS[data.draw(st.sampled_from(list(FACEBOOK_FOLDERS)))]]
    friends = {"comments_v2": [a_comment("Kai Other", f"Kai Other commented on {NAME}'s post", "a friend's words")]}
    values = [spoiled(value, data) for value in (POSTS, ALBUM, VIDEOS, COMMENTS, GROUPS)]
    members = dict(zip(names, (PROFILE, *values), strict=False)) | {"comments_and_reactions/comments_2.json": friends}
    rows: list[Row] = []
    with suppress(FileError):
        rows = read(zipped(members))
    for row in rows:
        assert row.post is None or not row.post["text"] or "friend's words" not in row.post["text"]
        if row.post is not None:
            parse_post(row.post, datetime(2026, 11, 1, tzinfo=UTC))
