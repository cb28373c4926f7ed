package api

import (
	"encoding/base64"
	"strings"

	"github.com/outcryhq/outcry/pkg/outage"
)

// A cursor is where a page ended: the key of its last element, after the kind
// of list that it belongs to. To clients it is opaque.
const (
	cursorSep    = "\n" // occurs in no key
	maxCursorLen = 400
)

func encodeCursor(kind string, parts ...string) *string {
	cursor := base64.RawURLEncoding.EncodeToString([]byte(kind + cursorSep + strings.Join(parts, cursorSep)))
	return &cursor
}

func decodeCursor(kind string, parts int, cursor string) ([]string, error) {
	if len(cursor) > maxCursorLen {
		return nil, outage.ErrInvalid
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, outage.ErrInvalid
	}
	fields := strings.Split(string(raw), cursorSep)
	if len(fields) != parts+1 || fields[0] != kind {
		return nil, outage.ErrInvalid
	}
	return fields[1:], nil
}
