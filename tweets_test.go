package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/countcsv"
	"github.com/outcryhq/outcry/pkg/outage"
)

// burst is complaints about WhatsApp from the Netherlands: one a minute for some
// hours, then thirty a minute for half an hour.
func burst(from time.Time) []tweet {
	var posts []tweet
	id := 1000
	for minute := range 5 * 60 {
		n := 1
		if minute >= 240 && minute < 270 {
			n = 30
		}
		if minute%2 == 1 && n == 1 {
			continue
		}
		for i := range n {
			id++
			posts = append(posts, tweet{
				at: from.Add(time.Duration(minute)*time.Minute + time.Duration(i)*time.Second), id: id, author: id,
				text: "@WhatsApp is down", lang: "en", place: "NL",
			})
		}
	}
	return posts
}

func linesOf(posts []tweet) string {
	var text strings.Builder
	for _, p := range posts {
		text.WriteString(p.line() + "\n")
	}
	return text.String()
}

// replayedTweets returns what a replay of posts prints.
func replayedTweets(t *testing.T, text string) (printed, summary string) {
	t.Helper()
	status, stdout, stderr := outcry(text, "replay", "--tweets", "-")
	require.Equal(t, exitOK, status, stderr)
	return stdout, stderr
}

var friday = time.Date(2017, 11, 3, 6, 0, 0, 0, time.UTC)

func TestTweetsAreCountedAsCountsAre(t *testing.T) {
	t.Parallel()
	posts := burst(friday)
	var rows bytes.Buffer
	w := countcsv.NewWriter(&rows)
	counts := map[time.Time]int{}
	for _, p := range posts {
		counts[p.at.Truncate(time.Minute)]++
	}
	for minute := friday; minute.Before(friday.Add(5 * time.Hour)); minute = minute.Add(time.Minute) {
		if n := counts[minute]; n > 0 {
			require.NoError(t, w.Write(countcsv.Row{Start: minute, Series: outage.Series{Service: "whatsapp", Country: "NL"}, Reports: n}))
		}
	}
	require.NoError(t, w.Flush())
	status, want, stderr := outcry(rows.String(), "replay", "-")
	require.Equal(t, exitOK, status, stderr)
	printed, summary := replayedTweets(t, linesOf(posts))
	require.NotEmpty(t, want)
	require.Equal(t, want, printed)
	require.Contains(t, summary, fmt.Sprintf("%d complaints: %d counted, 0 of", len(posts), len(posts)))
	again, _ := replayedTweets(t, linesOf(posts))
	require.Equal(t, printed, again)
}

func TestTweetsOutOfOrderAreSorted(t *testing.T) {
	t.Parallel()
	posts := burst(friday)
	want, _ := replayedTweets(t, linesOf(posts))
	for i := 0; i+90 < len(posts); i += 90 { // less than five minutes, but for the quiet part
		if posts[i+89].at.Sub(posts[i].at) < disorder-time.Minute {
			for a, b := i, i+89; a < b; a, b = a+1, b-1 {
				posts[a], posts[b] = posts[b], posts[a]
			}
		}
	}
	printed, summary := replayedTweets(t, linesOf(posts))
	require.Equal(t, want, printed)
	require.Contains(t, summary, "0 more than 5m0s out of order")

	late := burst(friday)[:3]
	late[0].at, late[1].at = friday.Add(6*time.Hour), friday.Add(6*time.Hour-disorder-time.Minute)
	_, summary = replayedTweets(t, linesOf(late))
	require.Contains(t, summary, "3 complaints: 1 counted, 0 of accounts that had been counted or posts read twice, 2 more than 5m0s out of order")
}

func TestAnAccountCountsOnceAnHour(t *testing.T) {
	t.Parallel()
	at := func(minutes int) time.Time { return friday.Add(time.Duration(minutes) * time.Minute) }
	nl := tweet{author: 7, text: "@WhatsApp is down", place: "NL"}
	var posts []tweet
	for i, p := range []struct {
		minutes int
		text    string
		place   string
	}{
		{0, "@WhatsApp is down", "NL"},
		{1, "@WhatsApp is down again", "NL"},
		{2, "@WhatsApp is down", "BE"},
		{3, "@Netflix is down", "NL"},
		{59, "@WhatsApp is down", "NL"},
		{60, "@WhatsApp is down", "NL"},
	} {
		nl.at, nl.id, nl.text, nl.place = at(p.minutes), 1000+i, p.text, p.place
		posts = append(posts, nl)
	}
	posts = append(posts, posts[5]) // read twice
	_, summary := replayedTweets(t, linesOf(posts))
	require.Contains(t, summary, "7 complaints: 3 counted, 4 of accounts")
	require.NotContains(t, summary, "@", "nothing of a post is said")
}

func TestTweetsThatAreNoComplaints(t *testing.T) {
	t.Parallel()
	good := tweet{at: friday, id: 1000, author: 7, text: "good morning", lang: "en"}
	text := good.line() + "\n\n{}\n" + `{"delete":{"status":{"id_str":"5"}}}` + "\n{\"limit\":1}\n" + good.line()[:100] + "\n" +
		strings.Repeat("x", 1<<20) + "\n" + good.line() // without an end
	printed, summary := replayedTweets(t, text)
	require.Empty(t, printed)
	require.Equal(t, "7 lines: 2 posts, 1 deletions, 2 of other kinds, 2 malformed\n"+
		"0 complaints: 0 counted, 0 of accounts that had been counted or posts read twice, 0 more than 5m0s out of order\n"+
		"2 posts were no complaints, no_service 2\n", summary)
}

// Years of silence between two posts are passed over.
func TestTweetsAfterALongSilence(t *testing.T) {
	t.Parallel()
	posts := append(burst(friday), burst(friday.AddDate(9, 0, 0))...)
	began := time.Now()
	printed, _ := replayedTweets(t, linesOf(posts))
	require.Equal(t, 2, strings.Count(printed, "\n"))
	require.Less(t, time.Since(began), 30*time.Second)
}

func TestTweetsOfAnOwnCatalog(t *testing.T) {
	t.Parallel()
	own := writeFile(t, "problems: [{slug: down, label: Down}]\ncategories: [{slug: web, problems: [down]}]\n"+
		"services:\n  - {slug: frobnicator, name: Frobnicator, category: web}\n")
	posts := burst(friday)
	for i := range posts {
		posts[i].text = "Frobnicator is down"
	}
	status, stdout, stderr := outcry(linesOf(posts), "replay", "--tweets", "--catalog", own, "-")
	require.Equal(t, exitOK, status, stderr)
	require.Contains(t, stdout, `"service":"frobnicator"`)
}

func TestTweetsMistakes(t *testing.T) {
	t.Parallel()
	good := linesOf(burst(friday)[:1])
	cut := gzipped(t, good)
	cut = cut[:len(cut)-12]
	for name, tc := range map[string]struct {
		args  []string
		stdin string
		says  string
	}{
		"no file":             {args: []string{"--tweets"}, says: "--tweets needs one FILE or more"},
		"a step":              {args: []string{"--tweets", "--step", "15m", "-"}, says: "--step is for recorded counts"},
		"a catalog of counts": {args: []string{"--catalog", "x.yaml", "-"}, says: "--catalog is for --tweets"},
		"a missing catalog":   {args: []string{"--tweets", "--catalog", "no-such.yaml", "-"}, says: "--catalog"},
		"a missing file":      {args: []string{"--tweets", "no-such.json"}, says: "outcry: replay: open no-such.json: no such file or directory\n"},
		"a folder":            {args: []string{"--tweets", t.TempDir()}, says: "is a folder"},
		"counts":              {args: []string{"--tweets", "-"}, stdin: "time,service,country,reports\n2017-11-03T08:00:00Z,whatsapp,NL,1\n", says: "holds recorded counts: replay them without --tweets, and by themselves"},
		"counts beside posts": {args: []string{"--tweets", writeFile(t, good), writeFile(t, "time,service,country,reports\n")}, says: "holds recorded counts"},
		"garbage":             {args: []string{"--tweets", "-"}, stdin: "a\nb\n", says: "holds no post in the Twitter v1.1 format, in 2 lines"},
		"another format":      {args: []string{"--tweets", "-"}, stdin: `{"data":{"id":"1","text":"x"}}` + "\n", says: "holds no post"},
		"nothing":             {args: []string{"--tweets", "-"}, says: "in 0 lines"},
		"a gzip that is none": {args: []string{"--tweets", "-"}, stdin: "\x1f\x8bxxxxxxxxxxxx", says: "cannot be unpacked"},
		"a gzip cut off":      {args: []string{"--tweets", "-"}, stdin: cut, says: "cannot be unpacked"},
		"a zstd cut off":      {args: []string{"--tweets", "-"}, stdin: "\x28\xb5\x2f\xfd\x04", says: "cannot be unpacked"},
		"a bzip2 cut off":     {args: []string{"--tweets", "-"}, stdin: "BZh91AY&SY", says: "cannot be unpacked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _, stderr := outcry(tc.stdin, append([]string{"replay"}, tc.args...)...)
			require.Equal(t, exitUsage, status, stderr)
			require.Contains(t, stderr, tc.says)
			require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
		})
	}
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var packed bytes.Buffer
	g := gzip.NewWriter(&packed)
	_, err := g.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, g.Close())
	return packed.String()
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestTweetsEndWhenNobodyReads(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	text := linesOf(append(burst(friday), burst(friday.AddDate(0, 0, 3))...))
	status := run([]string{"replay", "--tweets", "-"}, strings.NewReader(text), fullDisk{}, &stderr)
	require.Equal(t, exitFailed, status)
	require.Contains(t, stderr.String(), "print an outage")
}

func TestTweetsCanBeStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	status := execute(ctx, []string{"replay", "--tweets", "-"}, strings.NewReader(linesOf(burst(friday))), &stdout, &stderr)
	require.Equal(t, exitFailed, status)
	require.Equal(t, "outcry: replay: stopped\n", stderr.String())
}

// No more than so many complaints wait to be put in order.
func TestATallyIsBounded(t *testing.T) {
	t.Parallel()
	c, err := catalog.Default()
	require.NoError(t, err)
	tally, err := newTally(t.Context(), c.Services()[0].Slug)
	require.NoError(t, err)
	defer tally.close()
	const most = 1000
	tally.most = most
	var rows bytes.Buffer
	tally.rows = countcsv.NewWriter(&rows)
	for i := range most + 100 {
		id := strconv.Itoa(i + 1)
		require.NoError(t, tally.hear(t.Context(), friday))
		require.NoError(t, tally.add(t.Context(), social.Post{ID: id, Author: id, At: friday}, outage.Series{Service: "whatsapp", Country: "NL"}))
	}
	require.LessOrEqual(t, len(tally.waiting), most)
	require.NoError(t, tally.end(t.Context()))
	require.Equal(t, most+1, tally.counted)
	require.Equal(t, 99, tally.late)
}

func TestAPostWithTheTimeOfAnotherIsLeftOut(t *testing.T) {
	t.Parallel()
	at := time.Date(2017, time.November, 3, 8, 5, 7, 0, time.UTC)
	for id, want := range map[string]bool{"12": true, "926361234567890123": true, "326361234567890123": false} {
		require.Equal(t, want, plausible(social.Post{ID: id, At: at}), id)
	}
	require.False(t, plausible(social.Post{ID: "12", At: time.Now().Add(2 * time.Hour)}))
}
