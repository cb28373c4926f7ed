// Package web holds the pages: their templates, style sheet and icon, all
// embedded, and the renderer that fills them.
//
// Pages are whole without JavaScript and carry none. With the style sheet each
// is smaller than 30 kB, however much is going on: the data types say how much
// of each list is shown. Every text from outside passes through html/template,
// which escapes it for where it stands. A page is rendered into memory first,
// so that a failure never leaves half of one.
package web
