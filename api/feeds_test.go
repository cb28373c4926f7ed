package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/outcryhq/outcry/pkg/outage"
)

// feeds are both formats of a feed, read by an independent library.
func (w *world) feeds(target string) map[string]*gofeed.Feed {
	w.t.Helper()
	read := map[string]*gofeed.Feed{}
	for _, format := range []string{"atom", "json"} {
		address := strings.Replace(target, "outages", "outages."+format, 1)
		answer := w.get(address)
		require.Equal(w.t, http.StatusOK, answer.Code, "%s: %s", address, answer.Body.String())
		feed, err := gofeed.NewParser().ParseString(answer.Body.String())
		require.NoError(w.t, err, address)
		require.Equal(w.t, format, feed.FeedType)
		read[format] = feed
	}
	return read
}

func TestFeedsTellOfEachOutageOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	running := ongoing("whatsapp", at("08:00"), "NL", "ID")
	ended := over(ongoing("telegram", at("02:00"), "IR"), at("03:00"))
	old := over(ongoing("whatsapp", at("02:00").AddDate(0, -6, 0), "GB"), at("04:00").AddDate(0, -6, 0))
	w.announce(running)
	w.remember(ended, old)
	for target, want := range map[string][]outage.Outage{
		"/feeds/outages":             {running, ended, old},
		"/services/whatsapp/outages": {running, old},
		"/countries/NL/outages":      {running},
		"/countries/gb/outages":      {old},
		"/countries/FR/outages":      {},
	} {
		for format, feed := range w.feeds(target) {
			require.Equal(t, "http://example.com"+strings.Replace(target, "outages", "outages."+format, 1), feed.FeedLink, target)
			require.NotEmpty(t, feed.Title)
			require.Equal(t, "en", feed.Language)
			require.Len(t, feed.Items, len(want), target)
			for i, item := range feed.Items {
				o := want[i]
				require.Equal(t, "urn:uuid:"+o.ID.String(), item.GUID)
				require.Equal(t, "http://example.com/outages/"+o.ID.String(), item.Link)
				require.Equal(t, o.DetectedAt.UTC(), item.PublishedParsed.UTC())
				changed := o.DetectedAt
				if o.ClosedAt != nil {
					changed = *o.ClosedAt
				}
				require.Equal(t, changed.UTC(), item.UpdatedParsed.UTC())
				require.Contains(t, item.Description+item.Content, "reported problems with")
				require.Contains(t, item.Categories, o.Impacts[0].Country)
			}
		}
	}
	require.Contains(t, w.feeds("/services/whatsapp/outages?lang=id")["json"].Items[0].Title, "gangguan dilaporkan")
}

// TestAFeedChangesWhenAnOutageDoes and not with each of its minutes.
func TestAFeedChangesWhenAnOutageDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := ongoing("whatsapp", at("08:00"), "NL")
	w.announce(o)
	before := w.get("/feeds/outages.atom")
	o.Revision, o.Reports = 2, o.Reports+100
	w.announce(o)
	w.passTime()
	require.Equal(t, before.Body.String(), w.get("/feeds/outages.atom").Body.String(), "it goes on")

	o = over(o, at("08:41"))
	closed := w.now.Add(-time.Minute).Truncate(time.Second)
	o.ClosedAt = &closed
	w.announce(o)
	w.passTime()
	feed := w.feeds("/feeds/outages")["atom"]
	require.Equal(t, closed, feed.Items[0].UpdatedParsed.UTC())
	require.Equal(t, closed, feed.UpdatedParsed.UTC())
	require.Contains(t, feed.Items[0].Description, "at most 240 a minute")

	w.remember(o)
	retracted := w.now.Add(time.Minute).Truncate(time.Second)
	w.remark(o, outage.Remark{Kind: outage.Retraction, At: retracted, Text: "a campaign"})
	w.passTime()
	for _, feed := range w.feeds("/feeds/outages") {
		item := feed.Items[0]
		require.Equal(t, "urn:uuid:"+o.ID.String(), item.GUID)
		require.Equal(t, retracted, item.UpdatedParsed.UTC())
		require.True(t, strings.HasPrefix(item.Title, "Retracted: "), item.Title)
		require.Contains(t, item.Content, "a campaign")
	}
}

func TestHostileTextsDoNoHarmInFeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hostile := "]]></content></entry><script>alert(1)</script>&\u0001\u202e"
	o := over(ongoing(hostile, at("02:00"), "NL"), at("03:00"))
	w.remember(o)
	w.remark(o, outage.Remark{Kind: outage.Note, At: at("04:00"), Text: `<img src=x onerror=alert(1)> "quoted" & more`})
	for format, feed := range w.feeds("/feeds/outages") {
		require.Len(t, feed.Items, 1, format)
		require.Contains(t, feed.Items[0].Title, "]]></content></entry><script>alert(1)</script>&", "as text")
		document, err := html.Parse(strings.NewReader(feed.Items[0].Content))
		require.NoError(t, err)
		require.Empty(t, attributes(document, "script", "src"))
		require.Len(t, attributes(document, "img", "src"), 1, "ours")
		require.Empty(t, attributes(document, "img", "onerror"))
		require.Contains(t, textOf(document), `<img src=x onerror=alert(1)> "quoted" & more`)
	}
}

func TestFeedsAreBoundedAndUnique(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var outages []outage.Outage
	for i := range 70 {
		o := ongoing(fmt.Sprintf("service-%02d", i), at("00:00").Add(-time.Duration(i)*time.Hour), "NL")
		outages = append(outages, over(o, o.StartedAt.Add(30*time.Minute)))
	}
	w.remember(outages...)
	for format, feed := range w.feeds("/feeds/outages") {
		require.Len(t, feed.Items, 50, format)
		seen := map[string]bool{}
		for i, item := range feed.Items {
			require.False(t, seen[item.GUID])
			seen[item.GUID] = true
			require.Equal(t, "urn:uuid:"+outages[i].ID.String(), item.GUID, "newest first")
		}
	}
}

// TestJSONFeedIsOne holds what version 1.1 requires, field by field.
func TestJSONFeedIsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.announce(ongoing("whatsapp", at("08:00"), "NL"))
	answer := w.get("/feeds/outages.json")
	require.Equal(t, "application/feed+json; charset=utf-8", answer.Header().Get("Content-Type"))
	var feed struct {
		Version string           `json:"version"`
		Title   string           `json:"title"`
		Items   []map[string]any `json:"items"`
	}
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &feed))
	require.Equal(t, "https://jsonfeed.org/version/1.1", feed.Version)
	require.NotEmpty(t, feed.Title)
	for _, item := range feed.Items {
		require.NotEmpty(t, item["id"])
		require.NotEmpty(t, item["content_text"])
		for _, field := range []string{"date_published", "date_modified"} {
			text, ok := item[field].(string)
			require.True(t, ok)
			_, err := time.Parse(time.RFC3339, text)
			require.NoError(t, err)
		}
	}
}

// TestAtomIsValid holds what RFC 4287 requires and a parser forgives.
func TestAtomIsValid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.announce(ongoing("whatsapp", at("08:00"), "NL"))
	answer := w.get("/feeds/outages.atom")
	require.Equal(t, "application/atom+xml; charset=utf-8", answer.Header().Get("Content-Type"))
	body := answer.Body.String()
	require.True(t, strings.HasPrefix(body, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">`))
	for _, once := range []string{`rel="self"`, "<subtitle>", "<author>", "<published>"} {
		require.Equal(t, 1, strings.Count(body, once), once)
	}
	require.Equal(t, 2, strings.Count(body, "<id>"), "of the feed and of the entry")
	require.Equal(t, 2, strings.Count(body, "<updated>"))
}

func TestFeedsWithoutTheArchive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.announce(ongoing("whatsapp", at("08:00"), "NL"))
	w.archiveAway.Store(true)
	for _, feed := range w.feeds("/feeds/outages") {
		require.Len(t, feed.Items, 1)
		require.Contains(t, feed.Description, "older outages are missing")
	}
	w.liveAway.Store(true)
	w.passTimeBlind()
	require.Equal(t, http.StatusServiceUnavailable, w.get("/feeds/outages.atom").Code)
}
