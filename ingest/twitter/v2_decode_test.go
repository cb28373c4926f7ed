package twitter

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/social"
)

const v2Whole = `{"data":{"id":"926370000000000001","text":"WhatsApp is down &amp; so is &lt;everything&gt;","lang":"in","author_id":"42",` +
	`"created_at":"2017-11-03T08:05:00.123Z","geo":{"place_id":"p2"}},"includes":{"users":[{"id":"41","username":"a","location":"Mars"},` +
	`{"id":"42","username":"b","location":"Bandung"}],"places":[{"id":"p1","country_code":"FR"},{"id":"p2","country_code":"id"}]},` +
	`"matching_rules":[{"id":"1","tag":"outcry:00"}]}`

func TestDecodeV2(t *testing.T) {
	t.Parallel()
	whole := social.Post{
		ID: "926370000000000001", Author: "42", Text: "WhatsApp is down & so is <everything>", Language: "id", Place: "ID", Profile: "Bandung",
		At: time.Date(2017, 11, 3, 8, 5, 0, 123_000_000, time.UTC), Link: "https://x.com/i/web/status/926370000000000001",
	}
	bare := social.Post{ID: "7", Author: "8", Text: "x", At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Link: "https://x.com/i/web/status/7"}
	with := func(change func(*social.Post)) social.Post {
		post := bare
		change(&post)
		return post
	}
	const start = `{"data":{"id":"7","author_id":"8","created_at":"2026-01-02T03:04:05.000Z"`
	for name, c := range map[string]struct {
		line string
		want social.Post
	}{
		"whole":                       {v2Whole, whole},
		"nothing but what must be":    {start + `,"text":"x"}}`, bare},
		"no known language":           {start + `,"text":"x","lang":"und"}}`, bare},
		"a repost":                    {start + `,"text":"x","referenced_tweets":[{"type":"quoted","id":"1"},{"type":"retweeted","id":"2"}]}}`, with(func(p *social.Post) { p.Repost = true })},
		"a reply that quotes":         {start + `,"text":"x","referenced_tweets":[{"type":"quoted","id":"1"},{"type":"replied_to","id":"2"}]}}`, bare},
		"a long post":                 {start + `,"text":"cut…","note_tweet":{"text":"the whole &amp; all"}}}`, with(func(p *social.Post) { p.Text = "the whole & all" })},
		"a place that is not there":   {start + `,"text":"x","geo":{"place_id":"p"}},"includes":{"places":[{"id":"q","country_code":"NL"}]}}`, bare},
		"the place of another":        {start + `,"text":"x"},"includes":{"places":[{"id":"","country_code":"NL"}]}}`, bare},
		"no country":                  {start + `,"text":"x","geo":{"place_id":"p"}},"includes":{"places":[{"id":"p","country_code":"Narnia"}]}}`, bare},
		"a post with a partial error": {start + `,"text":"x"},"errors":[{"title":"Not Found Error","type":"https://api.twitter.com/2/problems/resource-not-found"}]}`, bare},
	} {
		post, ok, err := decodeV2([]byte(c.line))
		require.NoError(t, err, name)
		require.True(t, ok, name)
		require.Equal(t, c.want, post, name)
	}
}

func TestDecodeV2TellsErrorsFromNonsense(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]error{
		`{"errors":[{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect","detail":"This stream has been disconnected upstream for operational reasons.","type":"https://api.twitter.com/2/problems/operational-disconnect"}]}`: errV2Disconnect,
		`{"errors":[{"title":"operational-disconnect"}]}`:                                      errV2Disconnect,
		`{"title":"ConnectionException","connection_issue":"TooManyConnections"}`:              errV2TooMany,
		`{"errors":[{"title":"ConnectionException","connection_issue":"TooManyConnections"}]}`: errV2TooMany,
		`{"title":"ConnectionException"}`:                                                      errV2Disconnect,
		`{"errors":[{"title":"Something new"}]}`:                                               nil,
		`{}`:                                                                                   nil,
		`null`:                                                                                 ErrMalformed,
		`[]`:                                                                                   ErrMalformed,
		`{"data":{}}`:                                                                          ErrMalformed,
		`{"data":{"id":"x","author_id":"8","created_at":"2026-01-02T03:04:05.000Z"}}`: ErrMalformed,
		`{"data":{"id":"7","created_at":"2026-01-02T03:04:05.000Z"}}`:                 ErrMalformed,
		`{"data":{"id":"7","author_id":"8","created_at":"yesterday"}}`:                ErrMalformed,
		`{"data":{"id":"7","author_id":"8","created_at":"0001-01-02T03:04:05.000Z"}}`: ErrMalformed,
		`{"data":{"id":7}}`: ErrMalformed,
	} {
		_, ok, err := decodeV2([]byte(line))
		require.False(t, ok, line)
		if want == nil {
			require.NoError(t, err, line)
			continue
		}
		require.ErrorIs(t, err, want, line)
	}
}

// What is read of a line is bounded and plain, whatever the line is.
func FuzzDecodeV2(f *testing.F) {
	for _, line := range []string{
		v2Whole, `{"data":null}`, `{"errors":[{"title":"operational-disconnect"}]}`, `{"title":"ConnectionException","connection_issue":"TooManyConnections"}`,
		`{"data":{"id":"7","author_id":"8","created_at":"2026-01-02T03:04:05+14:00","text":"\ud800","geo":null,"referenced_tweets":[null]},"includes":{"users":[null]}}`,
		"\xff", `{"DATA":{"ID":"7"},"data":{}}`, strings.Repeat(`{"data":`, 50),
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		post, ok, err := decodeV2(line)
		if !ok {
			require.Empty(t, post)
			return
		}
		require.NoError(t, err)
		require.True(t, isID(post.ID) && isID(post.Author))
		require.Equal(t, "https://x.com/i/web/status/"+post.ID, post.Link)
		require.LessOrEqual(t, len(post.Text), longestText)
		require.LessOrEqual(t, len(post.Profile), longestLocation)
		require.True(t, utf8.ValidString(post.Text) && utf8.ValidString(post.Profile))
		require.Equal(t, post.Place, countryCode(post.Place))
		require.Equal(t, post.Language, languageTag(post.Language))
		require.Equal(t, time.UTC, post.At.Location())
		require.True(t, post.At.Year() >= firstYear && post.At.Year() <= lastYear)
	})
}

// Whatever the pieces are in which a body comes, its lines are the same.
func FuzzV2Lines(f *testing.F) {
	f.Add([]byte("one\r\n\r\ntwo\r\n"), 1)
	f.Add([]byte("no end"), 3)
	f.Add(append(bytes.Repeat([]byte("x"), longestV2+1), "\r\nnext\r\n"...), 70_000)
	f.Fuzz(func(t *testing.T, body []byte, piece int) {
		watchdog := time.NewTimer(time.Hour)
		defer watchdog.Stop()
		lines := newV2Lines(&pieces{body, max(1, piece)}, time.Hour, watchdog)
		for _, part := range bytes.SplitAfter(body, []byte("\n")) {
			line, err := lines.next()
			switch {
			case !bytes.HasSuffix(part, []byte("\n")):
				require.ErrorIs(t, err, errV2Ended)
				return
			case len(part) > longestV2:
				require.ErrorIs(t, err, errTooLong)
			default:
				require.NoError(t, err)
				require.Equal(t, string(bytes.TrimSpace(part)), string(line))
			}
		}
	})
}

// pieces gives a body a few bytes at a time.
type pieces struct {
	left []byte
	size int
}

func (p *pieces) Read(into []byte) (int, error) {
	n := copy(into, p.left[:min(p.size, len(p.left))])
	p.left = p.left[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
