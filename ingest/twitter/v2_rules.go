package twitter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/outcryhq/outcry/ingest/social"
)

const (
	// addBatch and deleteBatch are how many rules go into one request.
	addBatch    = 50
	deleteBatch = 100
	// mostPages bounds how many pages of rules are read.
	mostPages = 100
	// mostTold is how many services are named in a log line.
	mostTold = 20
)

// v2Answer is what the rules endpoint says.
type v2Answer struct {
	Data []v2Rule `json:"data"`
	Meta struct {
		NextToken string `json:"next_token"`
		Summary   struct {
			Created int `json:"created"`
		} `json:"summary"`
	} `json:"meta"`
	Errors []v2Problem `json:"errors"`
}

// namesRules says whether the errors are about single rules, or about how many there are.
func (a v2Answer) namesRules() bool {
	return slices.ContainsFunc(a.Errors, func(p v2Problem) bool { return p.Value != "" || p.overCap() })
}

func (p v2Problem) overCap() bool {
	return p.Title == "RulesCapExceeded" || strings.HasSuffix(p.Type, "/rule-cap")
}

func (p v2Problem) duplicate() bool {
	return p.Title == "DuplicateRule" || strings.HasSuffix(p.Type, "/duplicate-rules")
}

// refused counts the rules that X did not take.
type refused struct{ duplicate, invalid int }

var errRuleCap = errors.New("the plan of the account allows fewer rules than were to be set")

// reconcile makes the account's rules of ours those of the catalog. Rules of
// others are left alone, and leave us less room.
func (n *V2) reconcile(ctx context.Context) error {
	ours, others, err := n.listRules(ctx)
	if err != nil {
		return err
	}
	plan := planRules(n.catalog, max(0, n.rules-others), n.longest)
	n.tell(plan)
	if len(plan.rules) == 0 {
		return social.Permanent(errors.New("there is no room for a rule"))
	}
	wanted := map[string]bool{}
	for _, rule := range plan.rules {
		wanted[rule.Tag] = true
	}
	var stale []string
	there := map[string]bool{}
	for _, rule := range ours {
		if !wanted[rule.Tag] || there[rule.Tag] {
			stale = append(stale, rule.ID)
			continue
		}
		there[rule.Tag] = true
	}
	missing := slices.DeleteFunc(plan.rules, func(rule v2Rule) bool { return there[rule.Tag] })
	for ids := range slices.Chunk(stale, deleteBatch) {
		if _, err := n.askRules(ctx, http.MethodPost, "", map[string]any{"delete": map[string]any{"ids": ids}}); err != nil {
			return err
		}
	}
	var not refused
	for rules := range slices.Chunk(missing, addBatch) {
		if err := n.add(ctx, rules, &not); err != nil {
			return err
		}
	}
	n.logger.Info("rules of X's stream are set", "kept", len(there), "added", len(missing)-not.duplicate-not.invalid, "deleted", len(stale), "of_others", others)
	if not != (refused{}) {
		n.logger.Warn("X did not take some rules", "duplicate", not.duplicate, "invalid", not.invalid)
	}
	if len(there) == 0 && not.invalid == len(missing) {
		return social.Permanent(errors.New("none of the rules is taken"))
	}
	return nil
}

// listRules returns our rules, and how many others there are.
func (n *V2) listRules(ctx context.Context) (ours []v2Rule, others int, err error) {
	token := ""
	for range mostPages {
		query := ""
		if token != "" {
			query = url.Values{"pagination_token": {token}}.Encode()
		}
		answer, err := n.askRules(ctx, http.MethodGet, query, nil)
		if err != nil {
			return nil, 0, err
		}
		for _, rule := range answer.Data {
			if strings.HasPrefix(rule.Tag, ruleTag) {
				ours = append(ours, rule)
			} else {
				others++
			}
		}
		if token = answer.Meta.NextToken; token == "" {
			return ours, others, nil
		}
	}
	return nil, 0, &social.RetryError{After: n.pauses.afterRefusal(), Err: fmt.Errorf("more than %d pages of rules", mostPages)}
}

// add sets rules. One that is invalid can keep X from taking those beside it:
// then they are sent again without it.
func (n *V2) add(ctx context.Context, rules []v2Rule, not *refused) error {
	for len(rules) > 0 {
		answer, err := n.askRules(ctx, http.MethodPost, "", map[string]any{"add": rules})
		if err != nil {
			return err
		}
		bad := map[string]bool{}
		for _, problem := range answer.Errors {
			switch {
			case problem.overCap():
				return social.Permanent(errRuleCap)
			case bad[problem.Value]:
			case problem.duplicate():
				not.duplicate++
				bad[problem.Value] = true
			case problem.Value != "":
				not.invalid++
				bad[problem.Value] = true
			}
		}
		left := slices.DeleteFunc(slices.Clone(rules), func(rule v2Rule) bool { return bad[rule.Value] })
		switch {
		case len(left) == 0, answer.Meta.Summary.Created >= len(left), len(answer.Data) >= len(left):
			return nil
		case len(left) == len(rules):
			return &social.RetryError{After: n.pauses.afterRefusal(), Err: errors.New("rules were not taken, without a word why")}
		}
		rules = left
	}
	return nil
}

// tell says once what does not fit.
func (n *V2) tell(plan v2Plan) {
	if n.told || (len(plan.left) == 0 && !plan.core) {
		return
	}
	n.told = true
	if !plan.core {
		n.logger.Warn("X cannot be asked for some services: none of their names is a word", "services_left_out", len(plan.left),
			"such_as", strings.Join(plan.left[:min(len(plan.left), mostTold)], " "))
		return
	}
	n.logger.Warn("X's plan has no room for all rules: it is asked for less",
		"rules", len(plan.rules), "most_rules", n.rules, "services_left_out", len(plan.left),
		"such_as", strings.Join(plan.left[:min(len(plan.left), mostTold)], " "))
}
