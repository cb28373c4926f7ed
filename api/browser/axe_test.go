package browser_test

import (
	"fmt"
	"strconv"
	"testing"
)

func TestEveryPageIsAccessible(t *testing.T) {
	t.Parallel()
	chromium(t)
	s := newSite(t)
	s.crowd(t, 1, 40)
	id := s.outage(t)
	for _, width := range []int64{1280, 360} {
		t.Run(strconv.FormatInt(width, 10), func(t *testing.T) {
			t.Parallel()
			b := newTab(t, s, width)
			for _, page := range []string{
				"/", "/?q=whats", "/?q=nothing+like+it", "/services/whatsapp", "/services/bolt", "/countries/NL", "/countries/JP",
				"/how", "/docs", "/report", "/report?service=whatsapp", "/report?service=whatsapp&kind=works",
				"/outages/" + id, "/outages/" + id + "/embed", "/there-is-no-such-page",
			} {
				for _, language := range []string{"en", "id"} {
					b.open(withLanguage(page, language))
					for _, scheme := range []string{"light", "dark"} {
						b.theme(scheme)
						b.audit(fmt.Sprintf("%s in %s, %s, %d px", page, language, scheme, width))
					}
				}
			}
			b.spotless()
		})
	}
}
