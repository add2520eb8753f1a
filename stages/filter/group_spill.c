/*
 * stages/filter/group_spill.c -- records that wait on the disk.
 *
 * Sixteen partitions by four bits of the hash, from the top: the next level
 * takes the next four. Each is a scratch file with a buffer before it.
 * Keeps: a partition gives back its records whole and in their order;
 * used_bytes is what all files of the stage hold.
 * Threads: the stage's own.
 * Source: Shapiro, Join processing in database systems with large main
 * memories, 1986 (hybrid hash).
 */
#include "group.h"

uint64_t
leat__group_spill_spare_bytes(const struct leat__group_spill_disk *disk)
{
	return (uint64_t)disk->buffer_bytes * LEAT__GROUP_SPILL_PARTS;
}

void
leat__group_spill_init(struct leat__group_spill *spill,
	struct leat__group_spill_disk *disk, uint32_t level)
{
	*spill = (struct leat__group_spill){.disk = disk, .level = level};
}

static void
spill_free_buffers(struct leat__group_spill *spill)
{
	leat_stage_free(spill->disk->st, spill->buffers);
	spill->buffers = NULL;
}

static void
spill_close_part(struct leat__group_spill *spill, uint32_t part)
{
	if (spill->files[part])
		spill->disk->used_bytes -=
			leat_scratch_bytes(spill->files[part]);
	leat_scratch_close(spill->files[part]);
	spill->files[part] = NULL;
}

void
leat__group_spill_fini(struct leat__group_spill *spill)
{
	if (!spill->disk)
		return;
	spill_free_buffers(spill);
	for (uint32_t k = 0; k < LEAT__GROUP_SPILL_PARTS; k++)
		spill_close_part(spill, k);
}

/* ---- writing ------------------------------------------------------------- */

static int
spill_append(struct leat__group_spill *spill, uint32_t part, const void *data,
	uint64_t n_bytes)
{
	struct leat__group_spill_disk *disk = spill->disk;
	uint64_t offset;

	if (n_bytes > disk->limit_bytes - disk->used_bytes)
		return leat_stage_fail(disk->st, LEAT_ELIMIT,
			"more than %llu bytes would have to wait on the disk; "
			"give more by memory= or spill_bytes=",
			(unsigned long long)disk->limit_bytes);
	if (!spill->files[part])
		LEAT__TRY(leat_scratch_open(disk->st, disk->folder,
			disk->limit_bytes, &spill->files[part]));
	LEAT__TRY(leat_scratch_append(
		spill->files[part], data, n_bytes, &offset));
	disk->used_bytes += n_bytes;
	return LEAT_OK;
}

static uint8_t *
spill_buffer(const struct leat__group_spill *spill, uint32_t part)
{
	return spill->buffers + (size_t)part * spill->disk->buffer_bytes;
}

static int
spill_flush_part(struct leat__group_spill *spill, uint32_t part)
{
	uint32_t n = spill->fill[part];

	if (!n)
		return LEAT_OK;
	spill->fill[part] = 0;
	return spill_append(spill, part, spill_buffer(spill, part), n);
}

static int
spill_alloc(struct leat__group_spill *spill)
{
	struct leat__group_spill_disk *disk = spill->disk;
	void *memory;
	int rc = leat_stage_alloc(
		disk->st, leat__group_spill_spare_bytes(disk), &memory);

	if (rc)
		return leat_stage_fail(
			disk->st, rc, "no memory for what goes to the disk");
	spill->buffers = memory;
	spill->has_any = true;
	return LEAT_OK;
}

int
leat__group_spill_add(struct leat__group_spill *spill,
	const struct leat__group_record_head *head, uint8_t **record_out)
{
	uint32_t shift = 64 - LEAT__GROUP_SPILL_BITS * (spill->level + 1);
	uint32_t part = head->hash >> shift & (LEAT__GROUP_SPILL_PARTS - 1);
	uint32_t room = spill->disk->buffer_bytes;

	if (head->n_bytes > room)
		return leat_stage_fail(spill->disk->st, LEAT_ELIMIT,
			"a row of %llu bytes does not fit the buffers of %u "
			"bytes before the disk; give more by memory=",
			(unsigned long long)head->n_bytes, room);
	if (!spill->buffers)
		LEAT__TRY(spill_alloc(spill));
	if (head->n_bytes > room - spill->fill[part])
		LEAT__TRY(spill_flush_part(spill, part));
	*record_out = spill_buffer(spill, part) + spill->fill[part];
	memcpy(*record_out, head, sizeof(*head));
	spill->fill[part] += (uint32_t)head->n_bytes;
	return LEAT_OK;
}

int
leat__group_spill_flush(struct leat__group_spill *spill)
{
	if (!spill->buffers)
		return LEAT_OK;
	for (uint32_t k = 0; k < LEAT__GROUP_SPILL_PARTS; k++)
		LEAT__TRY(spill_flush_part(spill, k));
	spill_free_buffers(spill);
	return LEAT_OK;
}

/* ---- reading ------------------------------------------------------------- */

int
leat__group_spill_open_next(struct leat__group_spill *spill,
	struct leat__group_spill_reader *reader)
{
	struct leat__group_spill_disk *disk = spill->disk;
	void *memory;
	int rc;

	while (spill->part < LEAT__GROUP_SPILL_PARTS &&
		!spill->files[spill->part])
		spill->part++;
	if (spill->part == LEAT__GROUP_SPILL_PARTS)
		return LEAT_EOS;
	rc = leat_stage_alloc(
		disk->st, leat__group_spill_spare_bytes(disk), &memory);
	if (rc)
		return leat_stage_fail(
			disk->st, rc, "no memory for what is on the disk");
	*reader = (struct leat__group_spill_reader){
		.disk = disk,
		.file = spill->files[spill->part],
		.buffer = memory,
		.buffer_bytes = leat__group_spill_spare_bytes(disk),
	};
	spill->files[spill->part++] = NULL;
	return LEAT_OK;
}

const uint8_t *
leat__group_spill_next(struct leat__group_spill_reader *reader)
{
	const uint8_t *record = reader->buffer + reader->at;
	uint64_t n_left = reader->end - reader->at;
	struct leat__group_record_head head;

	if (n_left < sizeof(head))
		return NULL;
	memcpy(&head, record, sizeof(head));
	if (n_left < head.n_bytes)
		return NULL;
	reader->at += head.n_bytes;
	return record;
}

int
leat__group_spill_refill(struct leat__group_spill_reader *reader)
{
	uint64_t n_left = reader->end - reader->at;
	uint64_t n = leat_scratch_bytes(reader->file) - reader->offset;

	if (!n && !n_left)
		return LEAT_EOS;
	memmove(reader->buffer, reader->buffer + reader->at, n_left);
	if (n > reader->buffer_bytes - n_left)
		n = reader->buffer_bytes - n_left;
	LEAT__TRY(leat_scratch_read(
		reader->file, reader->offset, reader->buffer + n_left, n));
	reader->offset += n;
	reader->at = 0;
	reader->end = n_left + n;
	return LEAT_OK;
}

void
leat__group_spill_close(struct leat__group_spill_reader *reader)
{
	if (!reader->disk)
		return;
	if (reader->file)
		reader->disk->used_bytes -= leat_scratch_bytes(reader->file);
	leat_scratch_close(reader->file);
	leat_stage_free(reader->disk->st, reader->buffer);
	*reader = (struct leat__group_spill_reader){.disk = NULL};
}
