package bluesky

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/bluesky/internal/dictionary"
	"github.com/outcryhq/outcry/ingest/social"
)

// Events as Jetstream sends them, in form and size; nobody has written them.
const (
	replyEvent    = `{"did":"did:plc:o2rolxey6s5k7d4lxcz3inl4","time_us":1783175888130414,"kind":"commit","commit":{"rev":"3mptbypnxeq2i","operation":"create","collection":"app.bsky.feed.post","rkey":"3mptbyp7lu223","record":{"$type":"app.bsky.feed.post","createdAt":"2001-07-04T14:38:07.112Z","langs":["nl","en"],"reply":{"parent":{"cid":"bafyreifzanogmt75wega3mdkjqiv5rg6usowy6hr3nrlvioezvu7jur3cq","uri":"at://did:plc:i5y2f3gtpjxs3qg6fwgb6jb4/app.bsky.feed.post/3mpt7u2vlgs2c"},"root":{"cid":"bafyreifzanogmt75wega3mdkjqiv5rg6usowy6hr3nrlvioezvu7jur3cq","uri":"at://did:plc:i5y2f3gtpjxs3qg6fwgb6jb4/app.bsky.feed.post/3mpt7u2vlgs2c"}},"text":"WhatsApp ligt eruit ☹ \ud83d\ude2d"},"cid":"bafyreifq66rnqqmr62ussjdhneebgoeaci5extyyjyqymkqwgtr4667gsi"}}`
	facetEvent    = `{"did":"did:plc:tn3hni2jpphsgl6amfbb7ja6","time_us":1783175888172335,"kind":"commit","commit":{"rev":"3mptbypoove2w","operation":"create","collection":"app.bsky.feed.post","rkey":"3mptbypfywk2v","record":{"$type":"app.bsky.feed.post","createdAt":"2026-07-04T14:38:07.323Z","facets":[{"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"GardenDiary"}],"index":{"byteEnd":12,"byteStart":0}},{"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"TomatoesAtLast"}],"index":{"byteEnd":140,"byteStart":125}}],"langs":["en"],"text":"#GardenDiary: after six weeks of rain the first of them are red, and nobody here believed that it would ever happen this year. #TomatoesAtLast \ud83c\udf45"},"cid":"bafyreifjsh3dec2j6d7nqh7l4ipfd6xbtpv5tf6lqk2fpsx77aa4uyypim"}}`
	quoteEvent    = `{"did":"did:plc:dclwtltrt2ggsryagfzk7dp4","time_us":1783175888090631,"kind":"commit","commit":{"rev":"3mptbypcq372f","operation":"create","collection":"app.bsky.feed.post","rkey":"3mptbyoeyc22k","record":{"$type":"app.bsky.feed.post","createdAt":"2026-07-04T14:38:06.240Z","embed":{"$type":"app.bsky.embed.recordWithMedia","record":{"$type":"app.bsky.embed.record","record":{"cid":"bafyreifzanogmt75wega3mdkjqiv5rg6usowy6hr3nrlvioezvu7jur3cq","uri":"at://did:plc:i5y2f3gtpjxs3qg6fwgb6jb4/app.bsky.feed.post/3mpt7u2vlgs2c"}},"media":{"$type":"app.bsky.embed.images","images":[{"alt":"a bridge in fog","aspectRatio":{"height":1500,"width":2000},"image":{"$type":"blob","ref":{"$link":"bafkreias7oxbr6swsuggccmtnqpoeami4jza5x4w3urltn6gzhqf4k6k2e"},"mimeType":"image/jpeg","size":119635}}]}},"langs":["en"],"text":"This, every morning."},"cid":"bafyreiapzyf65cmq55jklpnrihiygze2jmmdqvvkwqeiomd72pbp2iazuu"}}`
	deleteEvent   = `{"did":"did:plc:ux2eeflheratfrvp3xfbp4zi","time_us":1783175888112407,"kind":"commit","commit":{"rev":"3mptbyp63ih2m","operation":"delete","collection":"app.bsky.feed.post","rkey":"3m3q3ut7jsm2m"}}`
	updateEvent   = `{"did":"did:plc:ux2eeflheratfrvp3xfbp4zi","time_us":1783175888112407,"kind":"commit","commit":{"rev":"3mptbyp63ih2m","operation":"update","collection":"app.bsky.feed.post","rkey":"3m3q3ut7jsm2m","record":{"text":"whatsapp is down"}}}`
	likeEvent     = `{"did":"did:plc:wq4aajammjtxdomz3e23667t","time_us":1783175888085434,"kind":"commit","commit":{"rev":"3mptbypluud2a","operation":"create","collection":"app.bsky.feed.like","rkey":"3mptbyplj5d2a","record":{"$type":"app.bsky.feed.like","createdAt":"2026-07-04T14:38:08.999Z","subject":{"cid":"bafyreiftot7eltsc3f6g4qktykmbv6jcmdmhcx5osscan6jpdxkpqcmcza","uri":"at://did:plc:r2zybk6op3ymzpz6jhqpkoy5/app.bsky.feed.post/3mpsjbtci2c2o"}},"cid":"bafyreiguce4jh7kcbmof3pmcvasifqtw24b6isakj5ve5ga2b4z4alpc4i"}}`
	identityEvent = `{"did":"did:plc:ux2eeflheratfrvp3xfbp4zi","time_us":1783175888112407,"kind":"identity","identity":{"did":"did:plc:ux2eeflheratfrvp3xfbp4zi","handle":"someone.example","seq":1409752997,"time":"2026-07-04T14:38:07.976Z"}}`
	accountEvent  = `{"did":"did:plc:ux2eeflheratfrvp3xfbp4zi","time_us":1783175888112407,"kind":"account","account":{"active":false,"did":"did:plc:ux2eeflheratfrvp3xfbp4zi","seq":1409753013,"status":"deleted","time":"2026-07-04T14:38:07.976Z"}}`
)

func TestDecode(t *testing.T) {
	t.Parallel()
	reply, err := decode([]byte(replyEvent))
	require.NoError(t, err)
	require.Equal(t, event{kind: kindPost, timeUS: 1783175888130414, post: social.Post{
		ID: "did:plc:o2rolxey6s5k7d4lxcz3inl4/3mptbyp7lu223", Author: "did:plc:o2rolxey6s5k7d4lxcz3inl4",
		Text: "WhatsApp ligt eruit ☹ 😭", Language: "nl", At: time.UnixMicro(1783175888130414).UTC(),
		Link: "https://bsky.app/profile/did:plc:o2rolxey6s5k7d4lxcz3inl4/post/3mptbyp7lu223",
	}}, reply, "by the relay's clock, not the author's")

	quote, err := decode([]byte(quoteEvent))
	require.NoError(t, err)
	require.Equal(t, kindPost, quote.kind)
	require.False(t, quote.post.Repost, "who quotes says something")
	require.Equal(t, "This, every morning.", quote.post.Text)

	deleted, err := decode([]byte(deleteEvent))
	require.NoError(t, err)
	require.Equal(t, event{kind: kindDeletion, timeUS: 1783175888112407, post: social.Post{
		ID: "did:plc:ux2eeflheratfrvp3xfbp4zi/3m3q3ut7jsm2m",
	}}, deleted)

	for _, status := range []string{"deleted", "takendown", "suspended", "deactivated"} {
		gone, err := decode([]byte(strings.Replace(accountEvent, `"deleted"`, `"`+status+`"`, 1)))
		require.NoError(t, err)
		require.Equal(t, event{
			kind: kindDeparture, timeUS: 1783175888112407, links: "https://bsky.app/profile/did:plc:ux2eeflheratfrvp3xfbp4zi/post/",
		}, gone)
	}

	for name, other := range map[string]string{
		"update": updateEvent, "like": likeEvent, "identity": identityEvent,
		"an account that is back":    strings.Replace(accountEvent, `"active":false`, `"active":true`, 1),
		"an account that is slow":    strings.Replace(accountEvent, `"deleted"`, `"throttled"`, 1),
		"an account of nobody":       strings.Replace(accountEvent, `"did":"did:plc:ux2eeflheratfrvp3xfbp4zi","time_us"`, `"did":"","time_us"`, 1),
		"an account of all":          strings.Replace(accountEvent, `"did":"did:plc:ux2eeflheratfrvp3xfbp4zi","time_us"`, `"did":"did:%/post/","time_us"`, 1),
		"no account":                 `{"did":"did:plc:a","time_us":1783175888112407,"kind":"account"}`,
		"a kind of the future":       `{"did":"did:plc:a","time_us":1783175888112407,"kind":"sync"}`,
		"a commit of nothing":        `{"did":"did:plc:a","time_us":1783175888112407,"kind":"commit"}`,
		"an operation of the future": strings.Replace(replyEvent, `"create"`, `"undelete"`, 1),
	} {
		e, err := decode([]byte(other))
		require.NoError(t, err, name)
		require.Equal(t, kindOther, e.kind, name)
		require.GreaterOrEqual(t, e.timeUS, int64(leastTime), "the cursor goes on past it: %s", name)
	}
}

func TestDecodeRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	swap := func(old, with string) string {
		require.Contains(t, replyEvent, old)
		return strings.Replace(replyEvent, old, with, 1)
	}
	for name, message := range map[string]string{
		"nothing":              "",
		"no JSON":              "hello",
		"half an event":        replyEvent[:500],
		"two events":           replyEvent + replyEvent,
		"a list":               "[]",
		"null":                 "null",
		"no time":              swap(`"time_us":1783175888130414,`, ""),
		"a sequence number":    swap("1783175888130414", "999999999999999"),
		"milliseconds":         swap("1783175888130414", "1783175888130"),
		"nanoseconds":          swap("1783175888130414", "1783175888130414000"),
		"a negative time":      swap("1783175888130414", "-1783175888130414"),
		"a fractional time":    swap("1783175888130414", "1.783175888130414e15"),
		"a huge time":          swap("1783175888130414", strings.Repeat("9", 400)),
		"text that is none":    swap(`"text":"`, `"text":17,"x":"`),
		"no record":            swap(`"record":{`, `"other":{`),
		"no author":            swap(`"did":"did:plc:o2rolxey6s5k7d4lxcz3inl4",`, ""),
		"an author that is no": swap("did:plc:o2rolxey6s5k7d4lxcz3inl4", "someone"),
		"an author with a way": swap("did:plc:o2rolxey6s5k7d4lxcz3inl4", "did:plc:a/post/b"),
		"an author in colour":  swap("did:plc:o2rolxey6s5k7d4lxcz3inl4", `did:plc:\u001b[31m`),
		"a long author":        swap("did:plc:o2rolxey6s5k7d4lxcz3inl4", "did:plc:"+strings.Repeat("a", maxID)),
		"no key":               swap("3mptbyp7lu223", ""),
		"a key that goes up":   swap("3mptbyp7lu223", ".."),
		"a key with a query":   swap("3mptbyp7lu223", "a?b=c"),
		"deep nesting":         swap(`["nl","en"]`, strings.Repeat("[", 20_000)),
	} {
		_, err := decode([]byte(message))
		require.Error(t, err, name)
	}
}

func TestDecodeBoundsWhatItKeeps(t *testing.T) {
	t.Parallel()
	long, err := decode([]byte(strings.Replace(replyEvent, "WhatsApp", strings.Repeat("ø", maxText), 1)))
	require.NoError(t, err)
	require.LessOrEqual(t, len(long.post.Text), maxText)
	require.Equal(t, strings.Repeat("ø", maxText/2), long.post.Text)

	tag, err := decode([]byte(strings.Replace(replyEvent, `"nl"`, `"`+strings.Repeat("x", maxTag+1)+`"`, 1)))
	require.NoError(t, err)
	require.Empty(t, tag.post.Language)

	for _, langs := range []string{`[]`, `null`} {
		e, err := decode([]byte(strings.Replace(replyEvent, `["nl","en"]`, langs, 1)))
		require.NoError(t, err)
		require.Empty(t, e.post.Language)
	}
}

// FuzzDecode: whatever is sent, what comes out can be kept and linked to.
func FuzzDecode(f *testing.F) {
	for _, message := range []string{replyEvent, facetEvent, quoteEvent, deleteEvent, updateEvent, likeEvent, identityEvent, accountEvent, "", "null", `{"did":1}`} {
		f.Add([]byte(message))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		e, err := decode(message)
		if err != nil {
			require.Equal(t, event{}, e)
			return
		}
		require.GreaterOrEqual(t, e.timeUS, int64(leastTime))
		require.LessOrEqual(t, e.timeUS, int64(mostTime))
		switch e.kind {
		case kindOther:
			require.Equal(t, social.Post{}, e.post)
		case kindDeparture:
			require.Equal(t, social.Post{}, e.post)
			link, err := url.Parse(e.links)
			require.NoError(t, err)
			require.Equal(t, e.links, link.String(), "nothing in it needs escaping")
			require.Regexp(t, "^/profile/did:[^/]+/post/$|^/profile/did:/post/$", link.Path)
		case kindDeletion:
			require.Equal(t, social.Post{ID: e.post.ID}, e.post)
			fallthrough
		case kindPost:
			author, key, found := strings.Cut(e.post.ID, "/")
			require.True(t, found)
			require.NotContains(t, key, "/")
			require.LessOrEqual(t, len(e.post.ID), 512)
			if e.kind == kindPost {
				require.Equal(t, author, e.post.Author)
				link, err := url.Parse(e.post.Link)
				require.NoError(t, err)
				require.Equal(t, e.post.Link, link.String(), "nothing in it needs escaping")
				require.Equal(t, fmt.Sprintf("/profile/%s/post/%s", author, key), link.Path)
				require.True(t, utf8.ValidString(e.post.Text))
				require.LessOrEqual(t, len(e.post.Text), maxText)
				require.Equal(t, e.timeUS, e.post.At.UnixMicro())
			}
		}
	})
}

// FuzzTake: whatever a packed message holds, it is taken or counted, and needs
// no more memory than a message may have.
func FuzzTake(f *testing.F) {
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderDict(dictionary.Jetstream()))
	require.NoError(f, err)
	for _, message := range []string{replyEvent, deleteEvent, identityEvent, "", strings.Repeat("x", maxMessage+1)} {
		f.Add(packer.EncodeAll([]byte(message), nil))
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		unpacker, err := newUnpacker()
		require.NoError(t, err)
		defer unpacker.Close()
		out := &discard{}
		s := &stream{out: out, unpacker: unpacker}
		s.frame.Write(packed)
		require.NoError(t, s.take(t.Context(), websocket.MessageBinary))
		require.Equal(t, 1, out.posts+out.deleted+out.skipped, "one message is one of these")
		require.LessOrEqual(t, len(s.unpacked), maxMessage)
	})
}
