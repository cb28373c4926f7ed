// Package web holds the pages: their templates, messages, style sheet, script,
// world map and icon, all embedded, and the renderer that fills them.
//
// # Languages
//
// Templates are parsed once a language and say everything by key:
//
//	{{t "home.down"}}                a message, as text
//	{{t "past.record" 3 .Lasted}}    with what fills {0} and {1}
//	{{h "home.since" .Since}}        as HTML, in which moments are time elements
//	{{say .Headline}}                what Go has chosen: a Text, a number, a Country …
//	{{num 10412}} {{span .Lasted}} {{country "ID"}} {{label "problem" .Slug .Label}}
//
// The messages are in messages/en.yaml and messages/id.yaml. A test holds the two
// to the same keys and placeholders, and to what templates and Go name.
//
// # Pages
//
// Each file in templates is a page of that name, which defines "main" and may
// define "head" and "query"; "layout" around it is given the reader's choices
// and, as .Page, what Render was given, which has a Title.
//
// Pages are whole without the script. With it, what is marked data-live (and has
// an id) is replaced when the page has changed, and forms marked data-report are
// sent without leaving the page. With all they link to they are smaller than
// 50 kB compressed, however much is going on: the data types say how much of each
// list is shown. Nothing is loaded from elsewhere, and there is no inline script
// or style. Every text from outside passes through html/template, which escapes
// it for where it stands. A page is rendered into memory first, so that a
// failure never leaves half of one.
package web
