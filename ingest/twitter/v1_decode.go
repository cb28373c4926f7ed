package twitter

import (
	"github.com/tidwall/gjson"

	"github.com/outcryhq/outcry/ingest/social"
)

// V1Message is one message of a v1.1 stream: a post if Post.ID is set, the
// deletion of one if Deleted is, else of no interest.
type V1Message struct {
	Post    social.Post
	Deleted string // the id of a post that its author has deleted
}

// DecodeV1 reads one line of a v1.1 stream. What is no JSON object, or a status
// without id, author or time, is ErrMalformed.
//
// Statuses are long and little of them matters: the line is checked once and
// gone through once, which is four times as fast as decoding it into a struct
// with encoding/json.
func DecodeV1(line []byte) (V1Message, error) {
	if len(line) > longestV1 || !gjson.ValidBytes(line) {
		return V1Message{}, ErrMalformed
	}
	object := gjson.ParseBytes(line)
	if !object.IsObject() {
		return V1Message{}, ErrMalformed
	}
	var d v1Decoder
	object.ForEach(d.field)
	switch {
	case d.deleted != "":
		if !isID(d.deleted) {
			return V1Message{}, ErrMalformed
		}
		return V1Message{Deleted: d.deleted}, nil
	case !d.isStatus:
		return V1Message{}, nil
	}
	post, err := d.result().post()
	if err != nil {
		return V1Message{}, err
	}
	return V1Message{Post: post}, nil
}

// v1Decoder collects the fields that matter.
type v1Decoder struct {
	status         v1Status
	isStatus       bool
	truncated      bool
	full, extended string
	number, author string // ids as numbers, where there is none as text
	deleted        string
}

func (d *v1Decoder) field(key, value gjson.Result) bool {
	switch key.Str {
	case "id_str":
		d.status.id = value.Str
	case "id":
		d.number = number(value)
	case "text":
		d.status.text, d.isStatus = value.Str, true
	case "full_text":
		d.full, d.isStatus = value.Str, true
	case "truncated":
		d.truncated = value.Type == gjson.True
	case "lang":
		d.status.language = value.Str
	case "created_at":
		d.status.created = value.Str
	case "timestamp_ms":
		d.status.createdAtMillis = value.Str
	case "retweeted_status":
		d.status.repost = value.IsObject()
	case "extended_tweet":
		value.ForEach(func(key, value gjson.Result) bool {
			if key.Str == "full_text" {
				d.extended = value.Str
			}
			return true
		})
	case "user":
		value.ForEach(d.userField)
	case "place":
		value.ForEach(func(key, value gjson.Result) bool {
			if key.Str == "country_code" {
				d.status.country = value.Str
			}
			return true
		})
	case "delete":
		if d.deleted = value.Get("status.id_str").Str; d.deleted == "" {
			d.deleted = number(value.Get("status.id"))
		}
	}
	return true
}

func (d *v1Decoder) userField(key, value gjson.Result) bool {
	switch key.Str {
	case "id_str":
		d.status.author = value.Str
	case "id":
		d.author = number(value)
	case "location":
		d.status.location = value.Str
	}
	return true
}

// number is a whole number as it was written, since a float would lose digits.
func number(value gjson.Result) string {
	if value.Type != gjson.Number {
		return ""
	}
	return value.Raw
}

func (d *v1Decoder) result() *v1Status {
	s := &d.status
	if s.id == "" {
		s.id = d.number
	}
	if s.author == "" {
		s.author = d.author
	}
	switch {
	case d.truncated && d.extended != "":
		s.text = d.extended
	case d.full != "":
		s.text = d.full
	}
	return s
}
