package mastodon

import (
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plain turns a post's HTML into its text: paragraphs and breaks are line feeds,
// mentions and hashtags stay, and the parts of links that Mastodon hides, the
// link to a quoted post, scripts and styles go.
func plain(source string) string {
	var t text
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			if errors.Is(z.Err(), io.EOF) {
				return string(t.out)
			}
			return "" // it reads from memory: there is no other error
		case html.TextToken:
			if t.depth == 0 {
				t.words(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			name, attributes := z.TagName()
			tag := atom.Lookup(name)
			hidden := false
			for attributes {
				var key, value []byte
				key, value, attributes = z.TagAttr()
				hidden = hidden || string(key) == "class" && isHidden(string(value))
			}
			t.tag(tag, kind, hidden)
		case html.CommentToken, html.DoctypeToken:
		}
	}
}

func isHidden(classes string) bool {
	return slices.ContainsFunc(strings.Fields(classes), func(class string) bool {
		return class == "invisible" || class == "quote-inline"
	})
}

// text grows word by word. Spaces and line feeds are written when something
// follows them.
type text struct {
	out         []byte
	space, line bool

	hiding atom.Atom // the element that is left out
	depth  int       // how many of its kind are open; 0: nothing is left out
}

func (t *text) tag(tag atom.Atom, kind html.TokenType, hidden bool) {
	if t.depth > 0 {
		switch {
		case tag != t.hiding || kind == html.SelfClosingTagToken:
		case kind == html.EndTagToken:
			t.depth--
		default:
			t.depth++
		}
		return
	}
	switch tag { //nolint:exhaustive // the others are part of a line
	case atom.Br, atom.P, atom.Div, atom.Li, atom.Ul, atom.Ol, atom.Blockquote, atom.Pre, atom.Tr, atom.Hr,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		t.line = true
	}
	if kind == html.StartTagToken && hides(tag, hidden) {
		t.hiding, t.depth = tag, 1
	}
}

// hides says whether all up to the end of an element is left out. Some elements
// have no end, whatever their class is.
func hides(tag atom.Atom, hidden bool) bool {
	switch tag { //nolint:exhaustive // the others are shown
	case atom.Script, atom.Style:
		return true
	case atom.Span, atom.A, atom.P, atom.Div:
		return hidden
	}
	return false
}

func (t *text) words(s string) {
	for _, r := range s {
		if unicode.IsSpace(r) {
			t.space = true
			continue
		}
		switch {
		case len(t.out) == 0:
		case t.line:
			t.out = append(t.out, '\n')
		case t.space:
			t.out = append(t.out, ' ')
		}
		t.space, t.line = false, false
		t.out = utf8.AppendRune(t.out, r)
	}
}
