package form

import (
	"net/http"
	"strings"
)

// foreign reports whether a browser sent the request on behalf of another
// site's page. Programs send none of these headers.
func (h *Handler) foreign(r *http.Request) bool {
	origin := strings.ToLower(r.Header.Get("Origin"))
	own := origin != "" && h.own(origin, r.Host)
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none": // our page, or the person by a bookmark
		return false
	case "":
		return origin != "" && !own
	default: // cross-site, same-site, and what may come
		return !own
	}
}

// own reports whether an origin is ours: that of the base URL, or the host that the
// request was sent to, since people may use the server by another name as well.
func (h *Handler) own(origin, host string) bool {
	if origin == h.origin {
		return true
	}
	_, name, found := strings.Cut(origin, "://")
	return found && name == strings.ToLower(host)
}
