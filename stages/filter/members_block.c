/*
 * stages/filter/members_block.c -- a block of a bzip2 stream as a stream of its
 * own: the head before it, the end with the block's checksum behind it.
 *
 * Of a stream with one block the checksum is that of the block, which the block
 * begins with; so libbz2 verifies all of it. Nothing is copied: the frame has
 * room on both sides.
 */
#include <string.h>

#include "members.h"

#define BLOCK_HEAD_BYTES 4
#define BLOCK_CRC_AT     6 /* behind the mark */
#define BLOCK_TAIL_BYTES 10
#define BLOCK_LEAST_BITS 80

/* The piece begins with a whole byte from here on. */
static void
block_align(struct leat_frame *frame, struct members_head *head)
{
	uint32_t shift = head->bit_at, n = frame->len_bytes;
	uint8_t *data = frame->data;

	data[n] = 0;
	for (uint32_t k = 0; shift && k < n; k++)
		data[k] =
			(uint8_t)((data[k] << 8 | data[k + 1]) >> (8 - shift));
	head->bit_at = 0;
	frame->len_bytes = (uint32_t)((head->n_bits + 7) / 8);
}

/* Behind the bits; those of their last byte that are none of theirs go. */
static void
block_add_tail(uint8_t *data, uint64_t n_bits)
{
	uint8_t tail[BLOCK_TAIL_BYTES] = {0x17, 0x72, 0x45, 0x38, 0x50, 0x90};
	uint32_t shift = n_bits % 8;
	uint8_t *at = data + n_bits / 8;

	memcpy(tail + BLOCK_CRC_AT, data + BLOCK_CRC_AT, 4);
	*at = (uint8_t)(*at & ~(0xffu >> shift));
	for (uint32_t k = 0; k < BLOCK_TAIL_BYTES; k++, at++) {
		at[0] = (uint8_t)(at[0] | tail[k] >> shift);
		at[1] = (uint8_t)(tail[k] << (8 - shift));
	}
}

static uint32_t
block_crc(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
		(uint32_t)at[2] << 8 | at[3];
}

bool
members_block_wrap(struct leat_frame *frame, struct codec_io *io_out)
{
	struct members_head *head = members_head(frame);
	uint8_t *data = frame->data;

	if (!head->is_whole || head->mark != MEMBERS_BLOCK_MARK ||
		head->n_bits < BLOCK_LEAST_BITS)
		return false;
	block_align(frame, head);
	block_add_tail(data, head->n_bits);
	head->crc = block_crc(data + BLOCK_CRC_AT);
	memcpy(data - BLOCK_HEAD_BYTES, "BZh", 3);
	data[-1] = (uint8_t)('0' + head->level);
	io_out->in = data - BLOCK_HEAD_BYTES;
	io_out->n_in = (size_t)(BLOCK_HEAD_BYTES +
		(head->n_bits + 8 * BLOCK_TAIL_BYTES + 7) / 8);
	return true;
}
