package form

import "net/http"

// cookieName is the cookie that carries a browser's token.
const cookieName = "outcry"

// token returns the token that the browser carries, "" for none.
func token(r *http.Request) string {
	if r.Header["Cookie"] == nil {
		return ""
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	return cookie.Value
}
