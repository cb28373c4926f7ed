package form

import "strings"

// quote shortens text from outside so that it can be repeated in an answer.
func quote(text string) string {
	if len(text) > maxQuoted {
		text = text[:maxQuoted]
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
