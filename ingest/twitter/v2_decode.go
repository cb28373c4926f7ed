package twitter

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/outcryhq/outcry/ingest/social"
)

// The fields that posts come with.
const v2Fields = "tweet.fields=created_at,lang,geo,referenced_tweets,note_tweet&expansions=author_id,geo.place_id" +
	"&user.fields=location&place.fields=country_code"

// In-stream errors that end a connection.
var (
	errV2Disconnect = errors.New("disconnected by X")
	errV2TooMany    = errors.New("too many connections, says X")
)

// v2Post is a line of the stream: a post, or an error.
type v2Post struct {
	Data *struct {
		ID        string `json:"id"`
		Text      string `json:"text"`
		Lang      string `json:"lang"`
		AuthorID  string `json:"author_id"`
		CreatedAt string `json:"created_at"`
		Geo       struct {
			PlaceID string `json:"place_id"`
		} `json:"geo"`
		Note struct {
			Text string `json:"text"`
		} `json:"note_tweet"`
		Referenced []struct {
			Type string `json:"type"`
		} `json:"referenced_tweets"`
	} `json:"data"`
	Includes struct {
		Users []struct {
			ID       string `json:"id"`
			Location string `json:"location"`
		} `json:"users"`
		Places []struct {
			ID          string `json:"id"`
			CountryCode string `json:"country_code"`
		} `json:"places"`
	} `json:"includes"`
	v2Problem
	Errors []v2Problem `json:"errors"`
}

// v2Problem is an error as X tells it, in the stream or in an answer.
type v2Problem struct {
	Title      string `json:"title"`
	Type       string `json:"type"`
	Connection string `json:"connection_issue"`
	Disconnect string `json:"disconnect_type"`
	Value      string `json:"value"` // of the rule that is meant
}

func (p v2Problem) tooMany() bool { return p.Connection == "TooManyConnections" }

func (p v2Problem) disconnects() bool {
	return p.Disconnect != "" || p.Connection != "" || p.Title == "ConnectionException" ||
		strings.HasSuffix(strings.ToLower(p.Title), "operational-disconnect") || strings.HasSuffix(p.Type, "/operational-disconnect")
}

// decodeV2 reads one line of the stream. ok is false for what is neither a post
// nor an error that ends the connection; ErrMalformed is what is no object, or a
// post without id, author or time.
func decodeV2(line []byte) (post social.Post, ok bool, err error) {
	var m v2Post
	if len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &m) != nil {
		return social.Post{}, false, ErrMalformed
	}
	if m.Data != nil {
		post, err = m.post()
		return post, err == nil, err
	}
	for _, problem := range append(m.Errors, m.v2Problem) {
		switch {
		case problem.tooMany():
			return social.Post{}, false, errV2TooMany
		case problem.disconnects():
			return social.Post{}, false, errV2Disconnect
		}
	}
	return social.Post{}, false, nil
}

func (m *v2Post) post() (social.Post, error) {
	at, err := time.Parse(time.RFC3339, m.Data.CreatedAt)
	if err != nil || at.UTC().Year() < firstYear || at.UTC().Year() > lastYear || !isID(m.Data.ID) || !isID(m.Data.AuthorID) {
		return social.Post{}, ErrMalformed
	}
	post := social.Post{
		ID: m.Data.ID, Author: m.Data.AuthorID, Text: m.Data.Text, Language: languageTag(m.Data.Lang),
		At: at.UTC(), Link: "https://x.com/i/web/status/" + m.Data.ID,
	}
	if m.Data.Note.Text != "" { // the whole of a long post
		post.Text = m.Data.Note.Text
	}
	post.Text = plainText(post.Text)
	for _, referenced := range m.Data.Referenced {
		post.Repost = post.Repost || referenced.Type == "retweeted"
	}
	for _, user := range m.Includes.Users {
		if user.ID == post.Author {
			post.Profile = social.Bounded(user.Location, longestLocation)
		}
	}
	for _, place := range m.Includes.Places {
		if m.Data.Geo.PlaceID != "" && place.ID == m.Data.Geo.PlaceID {
			post.Place = countryCode(place.CountryCode)
		}
	}
	return post, nil
}
