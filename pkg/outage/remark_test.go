package outage_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/outage"
)

func TestRemarkIsTidied(t *testing.T) {
	t.Parallel()
	of := outage.DeriveID("o")
	at := time.Date(2017, 11, 3, 10, 0, 0, 123_456_789, time.FixedZone("WIB", 7*3600))
	said := at.Add(-time.Hour)
	r, err := outage.Remark{
		Kind: outage.Acknowledgement, At: at, Said: &said, By: outage.ByOperator,
		Text: "  Some\tusers \u202edna\u202c report\x00 errors.\r\n\n\n Fixed. ", Link: " https://status.example.com/1 ",
	}.Tidy(of)
	require.NoError(t, err)
	require.Equal(t, "Some users dna report errors.\nFixed.", r.Text)
	require.Equal(t, "https://status.example.com/1", r.Link)
	require.Equal(t, time.Date(2017, 11, 3, 3, 0, 0, 123_000_000, time.UTC), r.At)
	require.Equal(t, time.Date(2017, 11, 3, 2, 0, 0, 123_000_000, time.UTC), *r.Said)

	again := r
	again.At, again.By = at.Add(time.Hour), outage.ByFeed
	again, err = again.Tidy(of)
	require.NoError(t, err)
	require.Equal(t, r.ID, again.ID, "the same said again is the same remark")
	other, err := r.Tidy(outage.DeriveID("other"))
	require.NoError(t, err)
	require.NotEqual(t, r.ID, other.ID)
}

func TestRemarksThatAreRefused(t *testing.T) {
	t.Parallel()
	of, into := outage.DeriveID("o"), outage.DeriveID("into")
	at := time.Date(2017, 11, 3, 10, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		change func(*outage.Remark)
		says   string
	}{
		"unknown kind":      {func(r *outage.Remark) { r.Kind = "praise" }, "note, retraction, merge or acknowledgement"},
		"nobody":            {func(r *outage.Remark) { r.By = "" }, "operator or feed"},
		"blank text":        {func(r *outage.Remark) { r.Text = " \n\t\x00" }, "needs a text"},
		"long text":         {func(r *outage.Remark) { r.Text = strings.Repeat("x", 2001) }, "at most 2000"},
		"no time":           {func(r *outage.Remark) { r.At = time.Time{} }, "1970"},
		"merge into none":   {func(r *outage.Remark) { r.Kind = outage.Merge }, "into which outage"},
		"note into another": {func(r *outage.Remark) { r.Into = &into }, "into which outage"},
		"into itself":       {func(r *outage.Remark) { r.Kind, r.Into = outage.Merge, &of }, "into itself"},
		"said in a note":    {func(r *outage.Remark) { r.Said = &at }, "only an acknowledgement"},
		"script as a link":  {func(r *outage.Remark) { r.Link = "javascript:alert(1)" }, "a link looks like"},
		"link of a file":    {func(r *outage.Remark) { r.Link = "file:///etc/passwd" }, "a link looks like"},
		"link with a name":  {func(r *outage.Remark) { r.Link = "https://whatsapp.com@evil.example/" }, "a link looks like"},
		"link with quotes":  {func(r *outage.Remark) { r.Link = `https://a.example/"onclick=` }, "a link looks like"},
		"link without host": {func(r *outage.Remark) { r.Link = "https:///x" }, "a link looks like"},
		"link of two lines": {func(r *outage.Remark) { r.Link = "https://a.example/\nx" }, "a link looks like"},
		"relative link":     {func(r *outage.Remark) { r.Link = "/outages/1" }, "a link looks like"},
		"very long link":    {func(r *outage.Remark) { r.Link = "https://a.example/" + strings.Repeat("x", 2000) }, "a link looks like"},
	} {
		r := outage.Remark{Kind: outage.Note, At: at, Text: "text", By: outage.ByOperator}
		test.change(&r)
		_, err := r.Tidy(of)
		require.ErrorIs(t, err, outage.ErrInvalid, name)
		require.ErrorContains(t, err, test.says, name)
	}
}

func TestStandingOfAnOutage(t *testing.T) {
	t.Parallel()
	into := outage.DeriveID("into")
	require.True(t, outage.StandingOf([]outage.Remark{{Kind: outage.Note}, {Kind: outage.Acknowledgement}}).Counts())
	require.Equal(t, outage.Standing{Retracted: true}, outage.StandingOf([]outage.Remark{{Kind: outage.Retraction}}))
	merged := outage.StandingOf([]outage.Remark{{Kind: outage.Merge, Into: &into}})
	require.Equal(t, outage.Standing{MergedInto: &into}, merged)
	require.False(t, merged.Counts())
}
