package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/outcryhq/outcry/pkg/client"
)

// Which services fail for people now, and since when.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"outages":[{"service":"whatsapp","started_at":"2017-11-03T08:00:00Z","reports":10412}],"complete":true,"next_cursor":null}`)
	}))
	defer server.Close()

	outcry, err := client.New(client.Config{BaseURL: server.URL, UserAgent: "newsroom/1 (desk@news.example)"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ongoing := client.Ongoing
	page, err := outcry.ListOutagesWithResponse(context.Background(), &client.ListOutagesParams{State: &ongoing})
	if err != nil {
		fmt.Println(err) // a *client.Error says what the server found wrong
		return
	}
	for _, outage := range page.JSON200.Outages {
		fmt.Printf("%s: %d people since %s\n", outage.Service, outage.Reports, outage.StartedAt.Format("15:04 MST"))
	}
	// Output: whatsapp: 10412 people since 08:00 UTC
}
