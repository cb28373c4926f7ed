package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/outage"
)

func TestAServiceAcknowledgesItsOutage(t *testing.T) {
	t.Parallel()
	said := time.Now().UTC().Add(-65 * time.Minute).Truncate(time.Second)
	feed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<feed xmlns="http://www.w3.org/2005/Atom"><title>status</title><entry><title>We are looking into it</title>` +
			`<link href="https://status.example.com/1"/><published>` + said.Format(time.RFC3339) + `</published></entry></feed>`))
	}))
	t.Cleanup(feed.Close)
	server := startOutcry(t, freeAddress(t), "--data-dir", folderWithOutages(t), "--status-feeds", writeFile(t, "whatsapp "+feed.URL+"\n"))
	var shown outage.Published
	require.Eventually(t, func() bool {
		getJSON(t, server.url+"/v1/outages/"+outage.DeriveID("now").String(), &shown)
		return len(shown.Remarks) > 0
	}, 60*time.Second, 100*time.Millisecond)
	require.Equal(t, "We are looking into it", shown.Remarks[0].Text)
	require.Equal(t, said, *shown.Remarks[0].Said)
	require.Equal(t, exitOK, server.stop(), "%s", server.logs)
}

func TestAFileOfStatusFeedsThatIsWrong(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{"nobody https://a.example/": "has no service", "whatsapp http://a.example/": "begins with https://"} {
		for _, command := range [][]string{{"check-config"}, {"--listen", "127.0.0.1:0", "--data-dir", t.TempDir()}} {
			status, _, stderr := outcry("", append(command, "--status-feeds", writeFile(t, text))...)
			require.Equal(t, exitUsage, status, stderr)
			require.Contains(t, stderr, says)
		}
	}
}
