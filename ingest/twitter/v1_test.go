package twitter_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/ingest/twitter"
)

// status is the least that a status may be.
const status = `{"id_str":"12","text":"t","created_at":"Fri Nov 03 08:05:07 +0000 2017","user":{"id_str":"3"}`

func TestDecodeV1(t *testing.T) {
	t.Parallel()
	at := time.Date(2017, 11, 3, 8, 5, 7, 0, time.UTC)
	least := social.Post{ID: "12", Author: "3", Text: "t", At: at, Link: "https://twitter.com/i/web/status/12"}
	with := func(change func(*social.Post)) social.Post {
		post := least
		change(&post)
		return post
	}
	for name, c := range map[string]struct {
		line string
		want social.Post
	}{
		"the least":            {status + "}", least},
		"a place":              {status + `,"place":{"id":"x","country_code":"nl","bounding_box":{"coordinates":[[[1,2]]]}}}`, with(func(p *social.Post) { p.Place = "NL" })},
		"no place":             {status + `,"place":null}`, least},
		"an odd place":         {status + `,"place":{"country_code":"Netherlands"}}`, least},
		"a place that is text": {status + `,"place":"NL"}`, least},
		"a language":           {status + `,"lang":"pt"}`, with(func(p *social.Post) { p.Language = "pt" })},
		"Indonesian":           {status + `,"lang":"in"}`, with(func(p *social.Post) { p.Language = "id" })},
		"Hebrew":               {status + `,"lang":"iw"}`, with(func(p *social.Post) { p.Language = "he" })},
		"an odd language":      {status + `,"lang":"<b>"}`, least},
		"unknown language":     {status + `,"lang":"und"}`, least},
		"milliseconds":         {status + `,"timestamp_ms":"1509696307123"}`, with(func(p *social.Post) { p.At = at.Add(123 * time.Millisecond) })},
		"a repost":             {status + `,"retweeted_status":` + status + `}}`, with(func(p *social.Post) { p.Repost = true })},
		"no repost":            {status + `,"retweeted_status":null}`, least},
		"a quotation":          {status + `,"quoted_status":{"text":"other","full_text":"other"}}`, least},
		"full text":            {status + `,"full_text":"whole"}`, with(func(p *social.Post) { p.Text = "whole" })},
		"truncated":            {status + `,"truncated":true,"extended_tweet":{"full_text":"whole"}}`, with(func(p *social.Post) { p.Text = "whole" })},
		"truncated later":      {status + `,"extended_tweet":{"full_text":"whole"},"truncated":true}`, with(func(p *social.Post) { p.Text = "whole" })},
		"not truncated":        {status + `,"truncated":false,"extended_tweet":{"full_text":"whole"}}`, least},
		"truncated and lost":   {status + `,"truncated":true}`, least},
		"entities":             {status + `,"text":"R&amp;D &lt;3 &amp;lt; &copy &#39;"}`, with(func(p *social.Post) { p.Text = "R&D <3 &lt; &copy &#39;" })},
		"escapes":              {status + `,"text":"\u2639 \"\\\/\ud83d\ude22"}`, with(func(p *social.Post) { p.Text = `☹ "\/😢` })},
		"ids as numbers": {
			`{"id":926361234567890123,"text":"t","created_at":"Fri Nov 03 08:05:07 +0000 2017","user":{"id":3}}`,
			with(func(p *social.Post) {
				p.ID, p.Link = "926361234567890123", "https://twitter.com/i/web/status/926361234567890123"
			}),
		},
		"a profile": {
			strings.Replace(status, `"id_str":"3"`, `"id":3,"id_str":"3","location":"Den Haag","description":"\"}"`, 1) + "}",
			with(func(p *social.Post) { p.Profile = "Den Haag" }),
		},
	} {
		got, err := twitter.DecodeV1([]byte(c.line))
		require.NoError(t, err, name)
		require.Equal(t, twitter.V1Message{Post: c.want}, got, name)
	}
}

func TestDecodeV1BoundsTexts(t *testing.T) {
	t.Parallel()
	line := status + `,"text":"` + strings.Repeat("é", 9000) + `","lang":"` + strings.Repeat("x", 99) + `"}`
	got, err := twitter.DecodeV1([]byte(line))
	require.NoError(t, err)
	require.LessOrEqual(t, len(got.Post.Text), 8<<10)
	require.True(t, utf8.ValidString(got.Post.Text))
	require.Empty(t, got.Post.Language)
	got, err = twitter.DecodeV1([]byte(status + ",\"text\":\"a\xffb\"}"))
	require.NoError(t, err)
	require.Equal(t, "ab", got.Post.Text)
}

func TestDecodeV1OfWhatIsNoPost(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		`{"limit":{"track":17}}`, `{"warning":{"code":"FALLING_BEHIND"}}`, `{"scrub_geo":{"user_id":1}}`, `{}`,
		`{"disconnect":{"code":4}}`, `{"delete":{"favorite":{"id":1}}}`, `{"delete":null}`, `{"friends":[1,2]}`,
	} {
		got, err := twitter.DecodeV1([]byte(line))
		require.NoError(t, err, line)
		require.Equal(t, twitter.V1Message{}, got, line)
	}
	for _, line := range []string{
		`{"delete":{"status":{"id":4711,"id_str":"4711","user_id":3},"timestamp_ms":"1509696300123"}}`,
		`{"delete":{"status":{"id":4711}}}`,
	} {
		got, err := twitter.DecodeV1([]byte(line))
		require.NoError(t, err)
		require.Equal(t, twitter.V1Message{Deleted: "4711"}, got)
	}
}

func TestDecodeV1OfGarbage(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "x", "null", "17", `"text"`, "[]", "[{}]", "{", status, status + "}}", `{"a":}`, "\x00", "time,service,country,reports",
		strings.Replace(status, `"12"`, `"../12"`, 1) + "}", strings.Replace(status, `"12"`, `"-12"`, 1) + "}",
		strings.Replace(status, `"12"`, `"`+strings.Repeat("1", 21)+`"`, 1) + "}",
		strings.Replace(status, `"3"`, `""`, 1) + "}", strings.Replace(status, "Fri Nov", "Fri Nix", 1) + "}",
		strings.Replace(status, "2017", "1017", 1) + "}", status + `,"timestamp_ms":"99999999999999999"}`,
		strings.Replace(status, `"12"`, `"00"`, 1) + "}", strings.Replace(status, `"3"`, `"03"`, 1) + "}",
		`{"text":"t","id_str":"12","user":{"id_str":"3"}}`, `{"delete":{"status":{"id_str":"x"}}}`,
		status + `,"x":"` + strings.Repeat("x", 256<<10) + `"}`, status + `,"x":` + strings.Repeat("[", 200<<10),
	} {
		got, err := twitter.DecodeV1([]byte(line))
		require.ErrorIs(t, err, twitter.ErrMalformed, "%.80q", line)
		require.Equal(t, twitter.V1Message{}, got)
		require.Less(t, len(err.Error()), 60, "nothing of it is repeated")
	}
}

func FuzzV1(f *testing.F) {
	for _, line := range []string{
		status + "}", status + `,"place":{"country_code":"nl"},"lang":"in","timestamp_ms":"1509696307123","retweeted_status":{}}`,
		status + `,"truncated":true,"extended_tweet":{"full_text":"R&amp;D \ud83d"}}`,
		`{"delete":{"status":{"id_str":"4711"}}}`, `{"limit":{"track":17}}`, `{"a":{"b":[[[[`, `{"id":1e9,"text":{},"user":[]}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		before := string(line)
		got, err := twitter.DecodeV1(line)
		require.Equal(t, before, string(line), "the line is not changed")
		if err != nil {
			require.ErrorIs(t, err, twitter.ErrMalformed)
			require.Equal(t, twitter.V1Message{}, got)
			return
		}
		post := got.Post
		require.False(t, post.ID != "" && got.Deleted != "")
		if post.ID == "" {
			require.Equal(t, social.Post{}, post)
			return
		}
		require.Regexp(t, `^[1-9][0-9]{0,19}$`, post.ID)
		require.Regexp(t, `^[1-9][0-9]{0,19}$`, post.Author)
		require.Regexp(t, `^([A-Z]{2})?$`, post.Place)
		require.Equal(t, "https://twitter.com/i/web/status/"+post.ID, post.Link)
		require.Equal(t, time.UTC, post.At.Location())
		require.True(t, utf8.ValidString(post.Text) && utf8.ValidString(post.Profile))
		require.LessOrEqual(t, len(post.Text), 8<<10)
		// What was decoded can be sent and decoded again.
		if post.At.Year() < 2099 {
			again, err := twitter.DecodeV1([]byte(v1Line(post)))
			require.NoError(t, err)
			require.Equal(t, got, again)
		}
	})
}

// BenchmarkDecodeV1 decodes statuses of some 4 KB, as dumps have them.
func BenchmarkDecodeV1(b *testing.B) {
	padding := strings.Repeat(`,"profile_background_image_url_https":"https:\/\/abs.twimg.com\/images\/themes\/theme1\/bg.png","verified":false,"favourites_count":8910`, 24)
	line := []byte(strings.Replace(v1Line(social.Post{
		ID: "926361234567890123", Author: "40148479", Text: "@WhatsApp ligt eruit ☹", Language: "nl", Place: "NL", Profile: "Amsterdam", At: time.Now(),
	}), `,"screen_name"`, padding+`,"screen_name"`, 1))
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if _, err := twitter.DecodeV1(line); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(len(line)), "B/line")
}
