/*
 * table/expr_lex.c -- an expression's text, word by word.
 *
 * Keeps: one token is looked at; what is decoded lies in room as large as the
 * source. The stage enters, before its first frame.
 */
#include <stdio.h>
#include <string.h>

#include "table/expr_lex.h"

int
leat__expr_fail(struct leat_expr_error *err, int code, uint32_t offset,
	uint32_t n_bytes, const char *format, ...)
{
	va_list args;

	if (!err)
		return code;
	err->offset = offset;
	err->n_bytes = n_bytes;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return code;
}

static bool
lex_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
lex_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
lex_is_word(char c)
{
	char low = (char)(c | 0x20);

	return (low >= 'a' && low <= 'z') || c == '_' || (c & 0x80) ||
		lex_is_digit(c) || c == '.';
}

/* 'text', "name" or `name`; the quote doubled stands for itself. */
static int
lex_quoted(struct lex *lex, struct lex_token *t)
{
	const char *s = lex->source + t->offset;
	char quote = *s;
	uint32_t k = 1;

	t->kind = quote == '\'' ? LEX_STRING : LEX_NAME;
	t->text = lex->decoded;
	for (; s[k] && (s[k] != quote || s[k + 1] == quote); k++) {
		*lex->decoded++ = s[k];
		k += s[k] == quote;
	}
	if (!s[k])
		return leat__expr_fail(lex->err, LEAT_EINVAL, t->offset, k,
			"the %s is not closed; a %c is missing",
			quote == '\'' ? "text" : "name", quote);
	t->len = (uint32_t)(lex->decoded - t->text);
	*lex->decoded++ = '\0';
	t->n_bytes = k + 1;
	return LEAT_OK;
}

/* Digits, point, exponent: as far as it can be part of a number. */
static uint32_t
lex_number_length(const char *s)
{
	uint32_t k = 0;

	while (lex_is_word(s[k]) ||
		(k && (s[k] == '-' || s[k] == '+') && (s[k - 1] | 0x20) == 'e'))
		k++;
	return k;
}

static int
lex_sign(struct lex *lex, struct lex_token *t)
{
	static const struct {
		const char *text;
		uint32_t op; /* 0: no comparison */
	} signs[] = {
		{"==", EXPR_EQUAL},
		{"!=", EXPR_LESS | EXPR_GREATER},
		{"<>", EXPR_LESS | EXPR_GREATER},
		{"<=", EXPR_LESS | EXPR_EQUAL},
		{">=", EXPR_GREATER | EXPR_EQUAL},
		{"=", EXPR_EQUAL},
		{"<", EXPR_LESS},
		{">", EXPR_GREATER},
		{"||", 0},
		{"::", 0},
		{"!~", 0},
		{"~", 0},
		{"+", 0},
		{"-", 0},
		{"*", 0},
		{"/", 0},
		{"%", 0},
		{"(", 0},
		{")", 0},
		{",", 0},
	};
	const char *s = lex->source + t->offset;

	for (size_t k = 0; k < leat__array_len(signs); k++) {
		t->n_bytes = (uint32_t)strlen(signs[k].text);
		t->op = signs[k].op;
		t->kind = t->op ? LEX_COMPARE : LEX_SIGN;
		if (strncmp(s, signs[k].text, t->n_bytes) == 0)
			return LEAT_OK;
	}
	return leat__expr_fail(lex->err, LEAT_EINVAL, t->offset, 1,
		"'%c' means nothing here; there are columns, numbers, 'texts', "
		"functions( ), + - * / %% ||, = != < <= > >=, ~, and, or, not",
		*s);
}

int
leat__expr_lex_next(struct lex *lex)
{
	struct lex_token *t = &lex->token;
	const char *s;

	while (lex_is_space(lex->source[lex->at]))
		lex->at++;
	*t = (struct lex_token){.offset = lex->at};
	s = lex->source + lex->at;
	if (!*s) {
		return LEAT_OK;
	} else if (*s == '\'' || *s == '"' || *s == '`') {
		LEAT_TRY(lex_quoted(lex, t));
	} else if (lex_is_digit(s[0]) || (s[0] == '.' && lex_is_digit(s[1]))) {
		t->kind = LEX_NUMBER;
		t->n_bytes = lex_number_length(s);
	} else if (lex_is_word(*s)) {
		t->kind = LEX_WORD;
		while (lex_is_word(s[t->n_bytes]))
			t->n_bytes++;
		t->text = s;
		t->len = t->n_bytes;
	} else {
		LEAT_TRY(lex_sign(lex, t));
	}
	lex->at = t->offset + t->n_bytes;
	return LEAT_OK;
}

bool
leat__expr_lex_is_keyword(const struct lex *lex, const char *word)
{
	const struct lex_token *t = &lex->token;
	size_t len = strlen(word);

	if (t->kind != LEX_WORD || t->len != len)
		return false;
	for (size_t k = 0; k < len; k++) {
		char c = t->text[k];

		if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != word[k])
			return false;
	}
	return true;
}

bool
leat__expr_lex_is_sign(const struct lex *lex, const char *sign)
{
	const struct lex_token *t = &lex->token;

	return t->kind == LEX_SIGN && t->n_bytes == strlen(sign) &&
		!strncmp(lex->source + t->offset, sign, t->n_bytes);
}

int
leat__expr_lex_take_keyword(struct lex *lex, const char *word)
{
	if (!leat__expr_lex_is_keyword(lex, word))
		return 0;
	LEAT_TRY(leat__expr_lex_next(lex));
	return 1;
}

int
leat__expr_lex_take_sign(struct lex *lex, const char *sign)
{
	if (!leat__expr_lex_is_sign(lex, sign))
		return 0;
	LEAT_TRY(leat__expr_lex_next(lex));
	return 1;
}

int
leat__expr_lex_fail_expected(struct lex *lex, const char *what)
{
	const struct lex_token *t = &lex->token;

	if (t->kind == LEX_END)
		return leat__expr_fail(lex->err, LEAT_EINVAL, t->offset, 1,
			"%s is missing at the end", what);
	return leat__expr_fail(lex->err, LEAT_EINVAL, t->offset, t->n_bytes,
		"%s is wanted here, not '%.*s'", what,
		t->n_bytes > 64 ? 64 : (int)t->n_bytes,
		lex->source + t->offset);
}
