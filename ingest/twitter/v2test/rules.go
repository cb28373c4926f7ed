package v2test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Rule is a rule of the account.
type Rule struct {
	ID    string `json:"id"`
	Value string `json:"value"`
	Tag   string `json:"tag,omitempty"`
}

// rules are the account's.
type rules struct {
	all           []Rule
	last          int
	most, longest int
	page          int // how many are listed at once
	invalid       string
	changes       int // requests that were to change them
	mostChanges   int // so many are allowed
}

func (r *rules) count() int { return len(r.all) }

// Limit sets what the plan allows.
func (s *Server) Limit(most, longest int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules.most, s.rules.longest = most, longest
}

// LimitChanges sets how many requests may change rules, with those so far.
func (s *Server) LimitChanges(most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules.mostChanges = most
}

// CallInvalid has rules with that text refused as invalid.
func (s *Server) CallInvalid(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules.invalid = text
}

// AddRule adds a rule as somebody else would, and returns its id.
func (s *Server) AddRule(value, tag string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rules.add(value, tag).ID
}

func (r *rules) add(value, tag string) Rule {
	r.last++
	rule := Rule{ID: strconv.Itoa(1_000_000 + r.last), Value: value, Tag: tag}
	r.all = append(r.all, rule)
	return rule
}

// ClearRules deletes all rules.
func (s *Server) ClearRules() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules.all = nil
}

// Rules are those that the account has, in the order of their making.
func (s *Server) Rules() []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.rules.all)
}

// Changes counts the requests that were to change rules.
func (s *Server) Changes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rules.changes
}

func (s *Server) listRules(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Query().Get("pagination_token"), "page-at-"))
	to := min(from+s.rules.page, len(s.rules.all))
	meta := map[string]any{"sent": "2026-03-01T12:00:00.000Z", "result_count": to - from}
	answer := map[string]any{"meta": meta}
	if to > from { // an account without rules has no data
		answer["data"] = s.rules.all[from:to]
	}
	if to < len(s.rules.all) {
		meta["next_token"] = "page-at-" + strconv.Itoa(to)
	}
	respond(w, http.StatusOK, answer)
}

func respond(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *Server) changeRules(w http.ResponseWriter, r *http.Request) {
	var change struct {
		Add    []Rule `json:"add"`
		Delete struct {
			IDs []string `json:"ids"`
		} `json:"delete"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&change); err != nil {
		problem(w, http.StatusBadRequest, `{"title":"Invalid Request","type":"https://api.twitter.com/2/problems/invalid-request"}`)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rules.changes == s.rules.mostChanges {
		w.Header().Set("x-rate-limit-reset", strconv.FormatInt(time.Now().Unix()+1, 10))
		problem(w, http.StatusTooManyRequests, `{"title":"Too Many Requests","type":"about:blank","status":429}`)
		return
	}
	s.rules.changes++
	if len(change.Add) == 0 {
		before := len(s.rules.all)
		s.rules.all = slices.DeleteFunc(s.rules.all, func(rule Rule) bool { return slices.Contains(change.Delete.IDs, rule.ID) })
		respond(w, http.StatusOK, map[string]any{"meta": map[string]any{"summary": map[string]any{"deleted": before - len(s.rules.all)}}})
		return
	}
	status, answer := s.rules.take(change.Add)
	respond(w, status, answer)
}

// take adds rules: all but duplicates, or none if one is invalid or there is no
// room.
func (r *rules) take(added []Rule) (int, any) {
	if len(r.all)+len(added) > r.most {
		return http.StatusUnprocessableEntity, map[string]any{"errors": []any{map[string]any{
			"title": "RulesCapExceeded", "type": "https://api.twitter.com/2/problems/rule-cap",
		}}}
	}
	var errors []any
	fresh := []Rule{}
	invalid := false
	for _, rule := range added {
		switch {
		case utf8.RuneCountInString(rule.Value) > r.longest, r.invalid != "" && strings.Contains(rule.Value, r.invalid), !balanced(rule.Value):
			invalid = true
			errors = append(errors, map[string]any{
				"value": rule.Value, "details": []string{"..."}, "title": "Invalid Rule", "type": "https://api.twitter.com/2/problems/invalid-rules",
			})
		case slices.ContainsFunc(r.all, func(known Rule) bool { return known.Value == rule.Value }):
			errors = append(errors, map[string]any{
				"value": rule.Value, "id": "1", "title": "DuplicateRule", "type": "https://api.twitter.com/2/problems/duplicate-rules",
			})
		default:
			fresh = append(fresh, rule)
		}
	}
	if invalid {
		fresh = nil
	}
	created := make([]Rule, 0, len(fresh))
	for _, rule := range fresh {
		created = append(created, r.add(rule.Value, rule.Tag))
	}
	answer := map[string]any{"meta": map[string]any{"summary": map[string]any{
		"created": len(created), "not_created": len(added) - len(created), "valid": len(fresh), "invalid": len(added) - len(fresh),
	}}}
	if len(errors) > 0 {
		answer["errors"] = errors
	}
	if len(created) > 0 {
		answer["data"] = created
		return http.StatusCreated, answer
	}
	if invalid {
		return http.StatusBadRequest, answer
	}
	return http.StatusOK, answer
}

// balanced says whether quotes and parentheses match.
func balanced(value string) bool {
	depth, quoted := 0, false
	for _, r := range value {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '(':
			depth++
		case r == ')':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0 && !quoted && value != ""
}
