// Package browser holds the tests of the pages in a real browser: what a person
// sees and does, with scripts and without, by mouse and by keyboard, and what an
// accessibility checker (axe-core) says of every page, in each language and theme.
//
// They need Chromium and are skipped where there is none.
package browser
