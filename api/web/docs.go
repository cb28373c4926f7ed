package web

import "github.com/outcryhq/outcry/api/reference"

// PageDocs is the reference of the API; it takes a DocsPage.
const PageDocs = "docs"

// DocsPage is what the page "docs" is rendered with.
type DocsPage struct {
	Title Text
	// Origin begins absolute addresses of this installation.
	Origin    string
	Reference *reference.Reference
}
