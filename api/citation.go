package api

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/outcryhq/outcry/api/web"
)

// bibTeX is a citation for LaTeX. Its key is the beginning of the id.
func bibTeX(page web.OutagePage, s story, revision string, retrieved time.Time) string {
	const keyed = 13 // of the id: its time
	return "@misc{outcry-" + page.ID[:min(keyed, len(page.ID))] + ",\n" +
		"  author = {{Outcry}},\n" +
		"  title = {" + texText(page.Title) + "},\n" +
		"  year = {" + s.StartedAt.UTC().Format("2006") + "},\n" +
		"  month = {" + s.StartedAt.UTC().Format("1") + "},\n" +
		"  note = {" + texText(page.Period) + ". Revision " + revision + ", retrieved " + retrieved.Format("2006-01-02 15:04") + " UTC},\n" +
		"  url = {" + texText(page.Self()) + "},\n" +
		"  urldate = {" + retrieved.Format(time.DateOnly) + "}\n}"
}

// texText makes text harmless to TeX.
func texText(s string) string {
	return strings.NewReplacer(
		`\`, `\textbackslash{}`, `{`, `\{`, `}`, `\}`, `%`, `\%`, `&`, `\&`, `#`, `\#`, `$`, `\$`, `_`, `\_`, `~`, `\textasciitilde{}`, `^`, `\textasciicircum{}`,
	).Replace(s)
}

// cslDate is a date of the Citation Style Language.
type cslDate struct {
	Parts [][]int `json:"date-parts"`
}

type cslName struct {
	Literal string `json:"literal"`
}

// cslItem is what is cited, in CSL JSON.
type cslItem struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Title     string    `json:"title"`
	Abstract  string    `json:"abstract"`
	Author    []cslName `json:"author"`
	Publisher string    `json:"publisher"`
	Issued    cslDate   `json:"issued"`
	Accessed  cslDate   `json:"accessed"`
	Version   string    `json:"version"`
	URL       string    `json:"URL"`
}

// cslJSON is a citation for reference managers.
func cslJSON(page web.OutagePage, s story, revision string, retrieved time.Time) string {
	text, err := json.MarshalIndent([]cslItem{{
		ID: page.ID, Type: "webpage", Title: page.Title, Abstract: page.Sentence,
		Author: []cslName{{"Outcry"}}, Publisher: "Outcry",
		Issued: dateOf(s.DetectedAt), Accessed: dateOf(retrieved), Version: revision, URL: page.Self(),
	}}, "", "  ")
	if err != nil {
		return "" // strings and numbers: it cannot be
	}
	return string(text)
}

func dateOf(t time.Time) cslDate {
	t = t.UTC()
	return cslDate{[][]int{{t.Year(), int(t.Month()), t.Day()}}}
}
