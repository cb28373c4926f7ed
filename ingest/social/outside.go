package social

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounded shortens a text from outside to so many bytes at most, at a character,
// and drops what is no UTF-8.
func Bounded(text string, most int) string {
	if len(text) > most {
		for most > 0 && !utf8.RuneStart(text[most]) {
			most--
		}
		text = text[:most]
	}
	return strings.ToValidUTF8(text, "")
}

// RetryAfter reads the header of that name (RFC 9110, section 10.2.3), seconds
// or a date: how long to wait, from 0, for none, to most.
func RetryAfter(value string, now time.Time, most time.Duration) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), int(most/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), most)
	}
	return 0
}

// Loopback says whether a host is this machine, so that a token may be sent to
// it without TLS.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
