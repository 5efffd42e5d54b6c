//! The phrases, family by family. A space stands for any number of spaces (also none, since hidden characters and
//! joined names swallow them); `<url>`, `<tool>`, `<mail>`, `<dest>`, `<person>` are defined in `super`.

use super::{Phrase, SECRET_WITHHELD, View};
use crate::finding::Severity::{self, Label, Quarantine};

const fn words(
    rule: &'static str,
    definition: Severity,
    anchors: &'static [&'static str],
    pattern: &'static str,
) -> Phrase {
    Phrase {
        rule,
        view: View::Words,
        definition: Some(definition),
        anchors,
        needs: anchors,
        pattern,
        unless_negated: false,
    }
}

/// The same, and more exactly what every text that matches holds: see [`Phrase::needs`].
const fn needing(needs: &'static [&'static str], phrase: Phrase) -> Phrase {
    Phrase { needs, ..phrase }
}

const fn seen(
    rule: &'static str,
    definition: Severity,
    anchors: &'static [&'static str],
    pattern: &'static str,
) -> Phrase {
    Phrase { view: View::Visible, ..words(rule, definition, anchors, pattern) }
}

const fn unless_negated(phrase: Phrase) -> Phrase {
    Phrase { unless_negated: true, ..phrase }
}

const fn results_only(phrase: Phrase) -> Phrase {
    Phrase { definition: None, ..phrase }
}

const OVERRIDE: &[&str] =
    &["ignor", "disregard", "forget", "dismiss", "neglect", "overrid", "bypass", "follow"];
const SEND: &[&str] = &[
    "send",
    "forward",
    "post",
    "upload",
    "transmit",
    "mail",
    "copy",
    "leak",
    "exfiltrat",
    "submit",
    "pipe",
    "relay",
    "share",
];

/// Every phrase there is a pattern for.
pub(super) const PHRASES: &[Phrase] = &[
    // Orders to drop the orders given before.
    needing(
        &[
            "ignor",
            "disregard",
            "forget",
            "dismiss",
            "neglect",
            "overrid",
            "bypass",
            "{not,stop} follow",
        ],
        unless_negated(words(
            "instruction",
            Quarantine,
            OVERRIDE,
            r"(ignor(e|ing)|disregard(ing)?|forget|dismiss|neglect|override|bypass|(not|stop) follow(ing)?) (about )?((all|any|every|each|the|of|my|your|our|these|those|other) )*(previous|previously|prior|above|earlier|preceding|foregoing|former|past|initial|original|system) (given |user |system |safety |developer )*(instructions?|prompts?|directions|directives?|guidelines|rules)\b",
        )),
    ),
    needing(
        &["{ignore,ignoring,disregard,disregarding,forget} {all,any,the,of,your,my,these,those}"],
        unless_negated(words(
            "instruction",
            Quarantine,
            OVERRIDE,
            r"\b(ignor(e|ing)|disregard(ing)?|forget) ((all|any|the|of|your|my|these|those) )+(instructions|programming|training|guidelines|system prompt)\b",
        )),
    ),
    needing(
        &["{override,bypass,stop following} your"],
        unless_negated(words(
            "instruction",
            Quarantine,
            &["overrid", "bypass", "stop"],
            r"\b(override|bypass|stop following) your (own )?(instructions|programming|training|guidelines|safety|restrictions|rules|system prompt)\b",
        )),
    ),
    needing(
        &["{ignore,disregard,forget} {everything,all,anything}"],
        unless_negated(words(
            "instruction",
            Quarantine,
            OVERRIDE,
            r"\b(ignore|disregard|forget) (everything|all|anything)( of)?( the| this)?( text| content| that is| stated| written| said)? above *($|[.,;:!?)\]]|and\b|instead\b)",
        )),
    ),
    needing(
        &["{ignore,disregard,forget} {about,everything,all,anything,what}"],
        unless_negated(words(
            "instruction",
            Quarantine,
            OVERRIDE,
            r"\b(ignore|disregard|forget) (about )?(everything|all|anything|what)( that)?( you| i| we)?( were| was| have been| had been| have| ve)? (told|said|instructed|know|learned|learnt)\b",
        )),
    ),
    needing(
        &[
            "{ignore,disregard,forget} {all,any,the,of,my,your,our,these,those}",
            "{ignore,disregard,forget} {previous,prior,above,earlier,preceding}",
        ],
        unless_negated(words(
            "instruction",
            Label,
            OVERRIDE,
            r"\b(ignore|disregard|forget) ((all|any|the|of|my|your|our|these|those) )*(previous|prior|above|earlier|preceding) (orders|messages|context|conversation|commands)\b",
        )),
    ),
    needing(
        &["system {,prompt} override"],
        words("instruction", Label, &["system"], r"\bsystem (prompt )?override\b"),
    ),
    needing(
        &["your new {instructions,role,task,goal,objective,purpose,orders,system prompt}"],
        words(
            "instruction",
            Quarantine,
            &["your"],
            r"\byour new (instructions|role|task|goal|objective|purpose|orders|system prompt) (is|are)\b",
        ),
    ),
    needing(
        &["{new,updated,real,actual,true} instructions"],
        words(
            "instruction",
            Label,
            &["instructions"],
            r"\b(new|updated|real|actual|true) instructions ?(:|are\b|follow\b)",
        ),
    ),
    needing(
        &["from {now,here,this point,this moment} {on,forward}"],
        words(
            "instruction",
            Quarantine,
            &["from"],
            r"\bfrom (now|here|this point|this moment) (on|onwards?|forward)[ ,:]*(you|always|never|do not|dont|send|reply|respond|answer|act|ignore|post|forward|append|copy|report|behave|refuse|pretend|speak|obey|skip|(every|each|all) (answer|response|reply|message|output|call|request)s?)\b",
        ),
    ),
    // A new self for the model.
    needing(
        &["you{re,are} {now,no longer,from now on}"],
        words(
            "role-change",
            Quarantine,
            &["now", "longer"],
            r"\byou(re| are) (now|no longer|from now on) ((an?|the|in|acting|operating|running|as) )*(unrestricted|jailbroken|uncensored|unfiltered|unbound|evil|dan\b|(developer|debug|god|admin|maintenance|root) mode|free (of|from)|bound by|restricted by|(different|new) (ai|assistant|agent|model)|(ai|assistant|agent|model|bot|hacker)\b)",
        ),
    ),
    needing(
        &["you{re,are} now {a,the,going}"],
        words(
            "role-change",
            Label,
            &["now"],
            r"\byou(re| are) now (an?\b|the\b|acting\b|going to\b)",
        ),
    ),
    needing(
        &["as {if,though} {you,there} {are,were,had,have}"],
        words(
            "role-change",
            Quarantine,
            &["restrict", "rules", "limits", "filters", "guidelines", "jailbroken"],
            r"\b(act|behave|respond|pretend|operate) as (if|though) (you|there) (are|were|had|have) [^.!?]{0,30}(unrestricted|no (rules|restrictions|limits|filters|guidelines)|jailbroken)",
        ),
    ),
    needing(
        &["jailbreak", "dan mode", "developer mode {enabled,on}"],
        words(
            "role-change",
            Label,
            &["jailbreak", "dan", "developer"],
            r"\b(jailbreak|dan mode|developer mode (enabled|on))\b",
        ),
    ),
    // Turns of a conversation that nobody spoke.
    needing(
        &["system {,message,prompt,note,instruction,instructions,override} :"],
        seen(
            "fake-turn",
            Quarantine,
            &["system"],
            "(^|[.!?:;)\\]}>\\n\"'`*#\\[(]\\s*)SYSTEM( (MESSAGE|PROMPT|NOTE|INSTRUCTIONS?|OVERRIDE))?\\s*:",
        ),
    ),
    needing(
        &["{assistant,claude,chatgpt,llm,system} :"],
        words(
            "fake-turn",
            Quarantine,
            &["assistant", "claude", "chatgpt", "llm", "system"],
            r"(^|[.!?)\]>:;(] ?)(ai |dear )?(assistant|claude|chatgpt|llm|system) ?: ?((please|now|kindly) )*(after|before (you|each|every|any)|always|never|ignore|do not|dont|send|post|forward|skip|disregard|forget|reveal|from now|you (must|are|will|should)|obey)\b",
        ),
    ),
    needing(
        &["{assistant,claude,chatgpt} ,"],
        words(
            "fake-turn",
            Quarantine,
            &["assistant", "claude", "chatgpt"],
            r"(^|[.!?)\]>:;(] ?)(hey |dear )?(ai )?(assistant|claude|chatgpt) ?, ?((please|now|kindly|you|must|should) )*(after|before|always|never|ignore|do not|dont|send|post|call|run|execute|use|invoke|read|forward|skip|disregard|forget|reveal|delete|transfer|pay)\b",
        ),
    ),
    needing(
        &[
            "<|{im_,system,user,assistant,endoftext,eot_id,start_header,end_header}",
            "[{,/}inst]",
            "<<{,/}sys>>",
            "<{start,end}_of_turn>",
        ],
        seen(
            "fake-turn",
            Quarantine,
            &["<|", "[inst", "[/inst", "<<sys", "<</sys", "_of_turn"],
            r"(?i)<\|(im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id)\|>|\[/?INST\]|<</?SYS>>|<(start|end)_of_turn>",
        ),
    ),
    needing(
        &[
            "<{important,system,instruction,instructions,secret,hidden,admin}>",
            "<system{prompt,reminder,message}>",
        ],
        seen(
            "fake-turn",
            Label,
            &["<important", "<system", "<instruction", "<secret", "<hidden", "<admin"],
            r"(?i)<(important|system|instructions?|secret|hidden|admin|system[-_](prompt|reminder|message))>",
        ),
    ),
    needing(
        &["{tell,instruct,order,command} the {agent,assistant,model,ai,llm} to"],
        words(
            "tool-directive",
            Label,
            &["tell", "instruct", "order", "command"],
            r"\b(tell|instruct|order|command) the (agent|assistant|model|ai|llm) to\b",
        ),
    ),
    // Secrecy.
    needing(
        &["{not,dont,never,without,avoid,ever} {tell,inform}"],
        words(
            "concealment",
            Quarantine,
            &["tell", "inform"],
            r"\b(not|dont|never|without|avoid) (ever )?(tell(ing)?|inform(ing)?) <person>\b",
        ),
    ),
    needing(
        &["{not,dont,never,without,ever} let"],
        words(
            "concealment",
            Quarantine,
            &["know", "see", "notice", "find"],
            r"\b(not|dont|never|without) (ever )?let(ting)? <person> (know|see|notice|find out)\b",
        ),
    ),
    needing(
        &["{not,dont,never,without,avoid,ever} {mention,reveal,disclos,admit}"],
        words(
            "concealment",
            Quarantine,
            &["mention", "reveal", "disclos", "admit"],
            r"\b(not|dont|never|without|avoid) (ever )?(mention|reveal|disclos|admit)(e|ing)? (this|that|it|these|them|the (use|existence|presence|fact|call)|anything|how|what|why)\b[^.!?]{0,50}\bto <person>\b",
        ),
    ),
    needing(
        &["{not,dont,never,without,avoid,ever} {mention,disclos}"],
        words(
            "concealment",
            Quarantine,
            &["mention", "disclos"],
            r"\b(not|dont|never|without|avoid) (ever )?(mention|disclos)(e|ing)? (that )?(this|the (use|existence|call) of|you (used|called|read|sent))\b",
        ),
    ),
    needing(
        &["{not,dont,never,without,avoid,ever} {mention,reveal,disclos,show}"],
        words(
            "concealment",
            Label,
            &["mention", "reveal", "disclos", "show"],
            r"\b(not|dont|never|without|avoid) (ever )?(mention|reveal|disclos|show)(e|ing)? [^.!?]{1,50}\bto <person>\b",
        ),
    ),
    needing(
        &["{hide,conceal,keep} {this,it,that,the call,the use,the request,the action,the fact}"],
        words(
            "concealment",
            Quarantine,
            &["hide", "conceal", "keep"],
            r"\b(hide|conceal|keep) (this|it|that|the (call|use|request|action|fact))[^.!?]{0,40}\b(secret |hidden )?from <person>\b",
        ),
    ),
    needing(
        &["{user,human,operator}{,s} {must,should,may} {not,never}"],
        words(
            "concealment",
            Quarantine,
            &["user", "human", "operator"],
            r"\b(user|human|operator)s? (must|should|may) (not|never) (ever )?(know|notice|find out|be (told|informed|aware))\b",
        ),
    ),
    needing(
        &[
            "{secretly,silently} {also,first,then,send,forward,upload,post,exfiltrate,append,include,transmit}",
        ],
        words(
            "concealment",
            Quarantine,
            &["secretly", "silently"],
            r"\b(secretly|silently) ((also|first|then) )?(send|forward|upload|post|exfiltrate|append|include|transmit)\b",
        ),
    ),
    // What the model holds, asked for.
    needing(
        &["system {prompt,message}", "{hidden,initial} instructions", "developer message"],
        unless_negated(words(
            "prompt-theft",
            Quarantine,
            &["reveal", "leak", "disclos", "exfiltrat", "divulg", "extract", "steal"],
            r"\b(reveal|leak|disclose|exfiltrate|divulge|extract|steal) [^.!?]{0,30}(system prompt|system message|hidden instructions|initial instructions|developer message)",
        )),
    ),
    needing(
        &["your {full,entire,complete,own,hidden,initial,original,system,secret,exact,current}"],
        unless_negated(words(
            "prompt-theft",
            Quarantine,
            &["your"],
            r"\b(print|output|repeat|show|display|dump|return|recite|include|send|share|write|post|append|reveal|tell me) (me )?(out )?(all )?(of )?your ((full|entire|complete|own|hidden|initial|original|system|secret|exact|current) )+(prompt|instructions|message|context|context window)\b",
        )),
    ),
    // Sending away what was said or found.
    needing(
        &[
            "a copy of {every,each,all,the,your,any}",
            "{every,each} {answer,response,reply,message}",
            "{previous,prior,earlier,past} {message,conversation,chat,turns,answers,context}",
            "{whole,entire,full,complete} {conversation,chat,context,dialogue,transcript,history}",
            "{conversation,chat,message} history",
            "{everything,all} {,that} {you,the user,i}",
        ],
        words(
            "exfiltration",
            Quarantine,
            SEND,
            r"\b(send|forward|post|upload|transmit|e?mail|copy|leak|exfiltrate|submit|relay|share)(s|ing)? [^.!?]{0,20}(a copy of (every|each|all|the|your|any)|(every|each) (answer|response|reply|message)|(previous|prior|earlier|past) (messages?|conversation|chat|turns|answers|context)|(whole|entire|full|complete) (conversation|chat|context|dialogue|transcript|history)|(conversation|chat|message) history|(everything|all) (that )?(you|the user|i) (know|have|said|says|saw|read|typed))[^!?]{0,80}\b(to|via|with|at|into|using) (the )?<dest>",
        ),
    ),
    needing(
        &[
            "{previous,prior} {messages,conversation}",
            "{whole,entire,full,complete} {conversation,chat,context}",
        ],
        words(
            "exfiltration",
            Label,
            SEND,
            r"\b(send|forward|transmit|leak|exfiltrate|relay) [^.!?]{0,20}((all|the|your) )+((previous|prior) (messages|conversation)|(whole|entire|full|complete) (conversation|chat|context))",
        ),
    ),
    needing(
        &[
            "{send,forward,post,upload,transmit,submit,pipe,relay,leak,copy,mail} {it,them,this,that,everything,all,the,your,every,each,any,a copy}",
        ],
        words(
            "exfiltration",
            Quarantine,
            SEND,
            r"\b(send|forward|post|upload|transmit|submit|pipe|relay|leak|copy|mail) (it|them|this|that|everything|all|the (answers?|responses?|conversation|contents?|output|results?|repl(y|ies)|context|prompt|data|secrets?|keys?|tokens?|credentials?|passwords?|file contents?)|(your|every|each|all|any) [a-z ]{1,40}|a copy[a-z ]{0,40})( over| along| as well| back| immediately| then)* to (the )?(url |server |endpoint |webhook |address )?<dest>",
        ),
    ),
    needing(
        &[
            "environment variables",
            "env var",
            "{api,private} key",
            "password",
            "access token",
            "credentials",
            "secrets",
        ],
        words(
            "exfiltration",
            Quarantine,
            &["env", "api", "password", "private", "token", "credential", "secret"],
            r"\b(read|open|cat|print|send|get|fetch|include|copy|upload|paste|pass|dump|post|collect)\b[^.!?]{0,40}\b(environment variables|env vars?|api keys?|passwords?|private keys?|access tokens?|credentials|secrets)\b[^.!?]{0,60}\b(to|at|into|via) (the )?<dest>",
        ),
    ),
    needing(
        &["{whole,entire,full,complete} {conversation,chat,context,transcript}"],
        words(
            "exfiltration",
            Label,
            &["conversation", "chat", "transcript", "context "],
            r"\b(with|including|containing|append(ing)?|attach(ing)?) (the |your )?(whole|entire|full|complete) (conversation|chat|context|transcript)\b",
        ),
    ),
    needing(
        &["](http"],
        seen(
            "exfiltration",
            Label,
            &["]("],
            r"(?i)!\[[^\]]{0,200}\]\(\s*https?://[^)\s]{0,300}[?&/=](\{|<|\$\{|%7b|\[)",
        ),
    ),
    needing(
        &["]({,<}{javascript,vbscript,data:text/html}"],
        seen(
            "unsafe-link",
            Label,
            &["javascript:", "data:text/html", "vbscript:"],
            r"(?i)\]\(\s*<?(javascript|vbscript|data:text/html)[:;,]",
        ),
    ),
    // Doing without a person's yes.
    needing(
        &["from {now,here} on"],
        words(
            "confirmation-bypass",
            Quarantine,
            &["confirm", "approv", "permission", "consent"],
            r"\b(skip|bypass|disable|suppress|omit) ((all|any|the|user|every|further) )*(confirmations?|approvals?|permission checks?|consent)\b[^.!?]{0,30}\bfrom (now|here) on",
        ),
    ),
    needing(
        &["{not,dont,never,without} {ask,prompt,wait}"],
        words(
            "confirmation-bypass",
            Quarantine,
            &["confirm", "approv", "permission", "consent"],
            r"\b(not|dont|never|without) (ask|prompt|wait)(ing)? (for )?<person> (for |to )?((a|any|their|explicit|further) )*(confirm|approv|permission|consent)",
        ),
    ),
    needing(
        &[
            "{skip,bypass,suppress} {all,any,the,user,every,further,confirmation,approval,permission check,consent}",
        ],
        words(
            "confirmation-bypass",
            Label,
            &["confirm", "approv", "permission", "consent"],
            r"\b(skip|bypass|suppress) ((all|any|the|user|every|further) )*(confirmations?|approvals?|permission checks?|consent)\b",
        ),
    ),
    needing(
        &["{user,human,operator,has,have,already} {confirmed,approved,agreed,consented,authori}"],
        results_only(words(
            "claimed-consent",
            Label,
            &["user"],
            r"\b(user|human|operator) (has|have|already)? ?(already )?(confirmed|approved|agreed|consented|authori[sz]ed)\b",
        )),
    ),
    // Orders tied to every use of a tool.
    needing(
        &["{before,prior to} {using,calling,invoking,running} {this,any,other}"],
        words(
            "tool-directive",
            Quarantine,
            &["before", "prior"],
            r"\b(before|prior to) (using|calling|invoking|running) (this|any|any other|other) tools?[^!?]{0,20}\b(read|open|cat|load|access|fetch|get|list)\b[^!?]{0,80}\b(and|then) (then )?(pass|send|include|provide|put|attach|copy|write|paste|submit)\b",
        ),
    ),
    needing(
        &["{before,prior to} {using,calling,invoking,running} {this,any,other}"],
        words(
            "tool-directive",
            Label,
            &["before", "prior"],
            r"\b(before|prior to) (using|calling|invoking|running) (this|any|any other|other) tools?[^.!?]{0,40}\b(read|open|cat|send|include|pass|upload|copy|share|attach|forward)\b",
        ),
    ),
    // A secret that a source said again, taken out on the way back: worth a line in the record.
    results_only(seen(SECRET_WITHHELD, Label, &["[secret:"], r"\[secret:[^ \]]{1,128} withheld\]")),
];
