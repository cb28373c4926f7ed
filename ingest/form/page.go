package form

// Message is a sentence that the pages say in the reader's language: a key of
// their messages, and what is filled in. The zero Message says nothing.
type Message struct {
	Key  string
	Args []any
}

// Message returns the key and the arguments.
func (m Message) Message() (key string, args []any) { return m.Key, m.Args }

func say(key string, args ...any) Message { return Message{Key: key, Args: args} }

// Page is what the template "report" is rendered with.
type Page struct {
	Title Message
	// Services are what can be chosen, by name.
	Services []Option
	// Service is the chosen service's slug, or what was typed instead of one;
	// ServiceName is its name, "" while no known service is chosen.
	Service, ServiceName string
	// Problems are the kinds of problem of the chosen service.
	Problems []Option
	// Countries are what can be chosen, by name.
	Countries []Option
	// Works says that the page asks whether the service works, for a counter-vote.
	// Then there are no Problems.
	Works bool
	// Problem and Country are the values chosen, "" for none.
	Problem, Country string
	// Stamp is the signed moment at which the page was made, for the hidden
	// field "stamp".
	Stamp string
	// Honeypot names the field that people do not see and must leave empty.
	Honeypot string
	// Error says what was wrong and what is expected; Field names the field.
	Error Message
	Field string
	// Suggestions are services with a name near to what was typed.
	Suggestions []Option
	// Done is set once the report has been accepted.
	Done *Done
}

// Option is one choice of a list.
type Option struct {
	Value, Label string
	Selected     bool
}

// Done is what became of an accepted report.
type Done struct {
	Service, ServiceName string
	// Country is the country's code, "" when it is unknown.
	Country string
	Counted bool
	// Works says that it was a counter-vote.
	Works bool
	// Reason says why the report was not counted; nothing when it was.
	Reason Message
}
