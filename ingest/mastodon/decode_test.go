package mastodon

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/social"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"":           "",
		"plain text": "plain text",
		"<p>WhatsApp down?</p><p>Since <b>noon</b><br>here<br />too</p>":                                                                                                                  "WhatsApp down?\nSince noon\nhere\ntoo",
		"a &lt;b&gt; &amp;amp; c&nbsp;d &#x1F62D;":                                                                                                                                        "a <b> &amp; c d 😭",
		`<p><span class="h-card"><a href="https://x.example/@wa" class="u-url mention">@<span>wa</span></a></span> help</p>`:                                                              "@wa help",
		`<a href="https://x.example/tags/down" class="mention hashtag" rel="tag">#<span>down</span></a>!`:                                                                                 "#down!",
		`see <a href="https://is.example/it/down?x"><span class="invisible">https://www.</span><span class="ellipsis">is.example/it</span><span class="invisible">/down?x</span></a> now`: "see is.example/it now",
		`<p class="quote-inline">RE: <a href="https://x.example/1">x.example/1</a></p><p>same here</p>`:                                                                                   "same here",
		`a<script>var down = "<p>WhatsApp down</p>"</script>b<style>p{}</style>c`:                                                                                                         "abc",
		`a<span class="invisible">b<span>c</span>d</span>e`:                                                                                                                               "ae",
		`a<br class="invisible">b`:                  "a\nb",
		`a<span class="invisible"/>b</span>c`:       "abc",
		"  many \n\t spaces  <p>  </p> and lines ":  "many spaces\nand lines",
		"<ul><li>one</li><li>two</li></ul>":         "one\ntwo",
		"1 < 2 and <unknown>3</unknown><!-- no -->": "1 < 2 and 3",
		"<p>cut <a href=":                           "cut",
		"日本<wbr>語<p>落ちてる":                           "日本語\n落ちてる",
	} {
		require.Equal(t, want, plain(source), source)
	}
}

func TestPlaceOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Location": "Utrecht", "LOCATION:": "Utrecht", "📍 Location": "Utrecht", "📍": "Utrecht", "🗺️": "Utrecht", "Ort": "Utrecht", "Lives in": "Utrecht",
		"Lieu": "Utrecht", "Ubicación": "Utrecht", "Localização": "Utrecht", "Şehir": "Utrecht", "Город": "Utrecht", "場所": "Utrecht", "위치": "Utrecht",
		"الموقع": "Utrecht", "स्थान": "Utrecht", "ที่อยู่": "Utrecht",
		"Pronouns": "", "Website": "", "": "", "...": "", "Mastodon location history": "", strings.Repeat("x", 300): "",
	} {
		require.Equal(t, want, placeOf([]field{{name, "<p>Utrecht</p>"}}), name)
	}
	require.Equal(t, "Köln, Germany", placeOf([]field{{"City", "Köln"}, {"Blog", "x"}, {"Country", "Germany"}, {"Home", " "}}))
	require.LessOrEqual(t, len(placeOf([]field{{"City", strings.Repeat("é", 9999)}})), longestPlace)
}

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

const usual = `{"id":"11","uri":"https://r.example/users/a/statuses/9","url":"https://r.example/@a/9","created_at":"2026-11-03T11:59:00.250Z",` +
	`"visibility":"public","language":"nl","spoiler_text":"","content":"<p>storing</p>","reblog":null,` +
	`"account":{"acct":"a@r.example","url":"https://R.example/@a","uri":"https://r.example/users/a","bot":false,"fields":[]}}`

func TestStatuses(t *testing.T) {
	t.Parallel()
	want := event{kind: aPost, local: "11", post: social.Post{
		ID: "home.example/11", Author: "https://r.example/@a", Text: "storing", Language: "nl",
		At: noon.Add(-59750 * time.Millisecond), Link: "https://r.example/@a/9",
	}}
	require.Equal(t, want, decodeStatus([]byte(usual), "home.example", noon))
	for name, test := range map[string]struct {
		old, new string
		change   func(e *event)
	}{
		"a warning":          {`"spoiler_text":""`, `"spoiler_text":" WhatsApp\n down "`, func(e *event) { e.post.Text = "WhatsApp down\nstoring" }},
		"no language":        {`"nl"`, `null`, func(e *event) { e.post.Language = "" }},
		"a strange language": {`"nl"`, `"` + strings.Repeat("n", 36) + `"`, func(e *event) { e.post.Language = "" }},
		"a boost":            {`"reblog":null`, `"reblog":{"id":"12"}`, func(e *event) { e.post.Repost = true }},
		"no link":            {`"url":"https://r.example/@a/9"`, `"url":null`, func(e *event) { e.post.Link = "https://r.example/users/a/statuses/9" }},
		"a link of a script": {`"url":"https://r.example/@a/9"`, `"url":"javascript:alert(1)"`, func(e *event) { e.post.Link = "https://r.example/users/a/statuses/9" }},
		"an account by URI":  {`"url":"https://R.example/@a"`, `"url":""`, func(e *event) { e.post.Author = "https://r.example/users/a" }},
		"an account by name": {`"url":"https://R.example/@a","uri":"https://r.example/users/a"`, `"url":"?"`, func(e *event) { e.post.Author = "a@r.example" }},
		"from the future":    {`2026-11-03T11:59:00.250Z`, `2099-01-01T00:00:00Z`, func(e *event) { e.post.At, e.forged = noon, true }},
		"by a clock ahead":   {`2026-11-03T11:59:00.250Z`, `2026-11-03T12:00:59Z`, func(e *event) { e.post.At = noon }},
		"from elsewhere":     {`2026-11-03T11:59:00.250Z`, `2026-11-03T12:59:00+01:00`, func(e *event) { e.post.At = noon.Add(-time.Minute) }},
		"a place":            {`"fields":[]`, `"fields":[{"name":"Woonplaats","value":"Breda"}]`, func(e *event) { e.post.Profile = "Breda" }},
		"fields that are no": {`"fields":[]`, `"fields":null`, func(*event) {}},
		"a GoToSocial id": {`"id":"11"`, `"id":"01JBQZ3M5V8X0T2Y4W6K7N9P1R"`, func(e *event) {
			e.local, e.post.ID = "01JBQZ3M5V8X0T2Y4W6K7N9P1R", "home.example/01JBQZ3M5V8X0T2Y4W6K7N9P1R"
		}},
		"a long text":         {"storing", strings.Repeat("é", 9000), func(e *event) { e.post.Text = strings.Repeat("é", longestText/2) }},
		"a post of a bot":     {`"bot":false`, `"bot":true`, otherKind},
		"a private post":      {`"visibility":"public"`, `"visibility":"direct"`, otherKind},
		"no visibility":       {`"visibility":"public"`, `"visibility":null`, otherKind},
		"no id":               {`"id":"11"`, `"id":""`, bad},
		"an id of a number":   {`"id":"11"`, `"id":11`, bad},
		"no time":             {`2026-11-03T11:59:00.250Z`, `yesterday`, bad},
		"no account":          {`"account":{`, `"other":{`, bad},
		"an account of lists": {`"account":{`, `"account":[],"other":{`, bad},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, usual, test.old)
			want := want
			test.change(&want)
			got := decodeStatus([]byte(strings.Replace(usual, test.old, test.new, 1)), "home.example", noon)
			require.Equal(t, want, got)
		})
	}
	local := strings.Replace(usual, `"acct":"a@r.example","url":"https://R.example/@a","uri":"https://r.example/users/a"`, `"acct":"A"`, 1)
	require.Equal(t, "a@home.example", decodeStatus([]byte(local), "home.example", noon).post.Author)
}

func otherKind(e *event) {
	e.kind = ofOtherKind
	e.post.Text, e.post.Language = "", ""
}

func bad(e *event) { *e = event{kind: malformed} }

func TestMessages(t *testing.T) {
	t.Parallel()
	update, err := json.Marshal(map[string]any{"stream": []string{"public"}, "event": "update", "payload": usual})
	require.NoError(t, err)
	require.Equal(t, decodeStatus([]byte(usual), "h", noon), decode(update, "h", noon))
	for message, want := range map[string]event{
		`{"event":"delete","payload":"11"}`:                  {kind: aDeletion, local: "11"},
		`{"event":"delete","payload":11}`:                    {kind: aDeletion, local: "11"},
		`{"event":"delete","payload":""}`:                    {},
		`{"event":"delete","payload":{"id":"11"}}`:           {},
		`{"event":"delete"}`:                                 {},
		`{"event":"update","payload":{"id":"11"}}`:           {},
		`{"event":"update","payload":null}`:                  {},
		`{"event":"status.update","payload":"{}"}`:           {kind: ofOtherKind},
		`{"event":"filters_changed"}`:                        {kind: ofOtherKind},
		`{"error":"no","status":401}`:                        {kind: aRefusal, status: 401},
		`{"error":""}`:                                       {},
		`{"event":7}`:                                        {},
		strings.Repeat(`{"a":`, 20_000):                      {},
		`{"event":"x","payload":` + strings.Repeat("[", 100): {},
	} {
		require.Equal(t, want, decode([]byte(message), "h", noon), message)
	}
}

func TestNextPage(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		`<https://m.example/api/v1/timelines/public?limit=40&max_id=12>; rel="next", <https://m.example/x?min_id=99>; rel="prev"`: "12",
		`<https://m.example/x?min_id=99>; rel="prev", <https://evil.example/?max_id=12>; rel=next`:                                "12",
		`<https://m.example/x?min_id=99>; rel="prev"`:                                                                             "", "": "", "nonsense": "", `<:>; rel="next"`: "", `<?max_id=` + strings.Repeat("1", 99) + `>; rel="next"`: "",
	} {
		require.Equal(t, want, nextPage([]string{header}), header)
	}
	require.Equal(t, "7", nextPage([]string{`<?min_id=9>; rel="prev"`, `<?max_id=7>; rel="next"`}))
}

func TestSameSite(t *testing.T) {
	t.Parallel()
	for pair, want := range map[[2]string]bool{
		{"https://streaming.m.example", "https://m.example"}: true, {"https://M.example", "https://m.example"}: true,
		{"https://streaming.m.co.uk", "https://m.co.uk"}: true, {"https://other.co.uk", "https://m.co.uk"}: false,
		{"https://m.example.evil.example", "https://m.example"}: false, {"https://m.example:22", "https://m.example"}: false,
		{"https://127.0.0.1:1", "https://127.0.0.1:2"}: false, {"https://127.0.0.1:1", "https://127.0.0.1:1"}: true,
		{"https://a.github.io", "https://b.github.io"}: false, {"https://localhost", "https://m.example"}: false, {"https://", "https://m.example"}: false,
	} {
		one, err := url.Parse(pair[0])
		require.NoError(t, err)
		other, err := url.Parse(pair[1])
		require.NoError(t, err)
		require.Equal(t, want, sameSite(one, other), pair)
	}
}

func TestKnownForgetsTheOldest(t *testing.T) {
	t.Parallel()
	k := newKnown(2)
	for _, local := range []string{"1", "2", "2", "1", "3"} {
		k.add(local)
	}
	require.False(t, k.has("1"))
	require.True(t, k.has("2"))
	require.True(t, k.has("3"))
	require.Len(t, k.ids, 2)
}

func FuzzDecode(f *testing.F) {
	update, err := json.Marshal(map[string]string{"event": "update", "payload": usual})
	require.NoError(f, err)
	f.Add(update)
	f.Add([]byte(usual))
	f.Add([]byte(`{"event":"delete","payload":"11"}`))
	f.Add([]byte(`{"error":"no","status":401}`))
	f.Add([]byte(`{"event":"update","payload":"{\"id\":\"1\",\"account\":{\"fields\":[{\"name\":\"Ort\",\"value\":\"\ufffd\"}]}}"}`))
	f.Fuzz(func(t *testing.T, message []byte) {
		for _, e := range []event{decode(message, "home.example", noon), decodeStatus(message, "home.example", noon)} {
			p := e.post
			switch e.kind {
			case aPost:
				require.NotEmpty(t, p.ID)
				require.NotEmpty(t, p.Author)
				require.False(t, p.At.After(noon))
				for _, text := range []string{p.ID, p.Text, p.Profile, p.Language} {
					require.True(t, utf8.ValidString(text))
				}
				require.LessOrEqual(t, len(p.ID), longestID)
				require.LessOrEqual(t, len(p.Text), longestText)
				require.LessOrEqual(t, len(p.Profile), longestPlace)
				fallthrough
			case aDeletion:
				require.True(t, isLocal(e.local))
			case malformed, aRefusal, ofOtherKind:
				require.Empty(t, p.Text)
			}
		}
	})
}

func FuzzPlain(f *testing.F) {
	for _, seed := range []string{"<p>a<br>b</p>", `<span class="invisible">x</span>y`, "<script>a</script>b", "&lt;&#0;&#xd800;", "<!-- ", "<p class='invisible", "<plaintext>a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		text := plain(social.Bounded(source, longestHTML))
		require.True(t, utf8.ValidString(text))
		require.Equal(t, strings.TrimSpace(text), text)
		require.NotContains(t, text, "\n\n")
		require.NotContains(t, text, "  ")
		require.Equal(t, text, plain(text2html(text)), "plain text stays as it is")
	})
}

func text2html(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", "<br>").Replace(text)
}
