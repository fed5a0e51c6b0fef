//! `InputType` PARQUET: one row an item, an object by column. The file is read as a whole, as its end says where all else is.

use super::unreadable;
use crate::error::{StatesError, item_reader_failed};
use crate::limits;
use crate::value::Value;
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use bytes::Bytes;
use std::io::{BufRead, Read};

pub(super) fn read(object: impl BufRead, max_items: usize) -> Result<Vec<Value>, StatesError> {
    let most = limits::READ_DOCUMENT_BYTES_MAX;
    let mut bytes = Vec::new();
    object.take(most as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > most {
        return Err(item_reader_failed(format!("The Parquet file is larger than {most} bytes.")));
    }
    check_footer(&bytes)?;
    let file = SerializedFileReader::new(Bytes::from(bytes)).map_err(malformed)?;
    for group in file.metadata().row_groups() {
        if group.total_byte_size() > limits::PARQUET_ROW_GROUP_BYTES_MAX {
            let most = limits::PARQUET_ROW_GROUP_BYTES_MAX;
            return Err(item_reader_failed(format!("A row group of the Parquet file is larger than {most} bytes.")));
        }
    }
    let rows = file.get_row_iter(None).map_err(malformed)?;
    rows.take(max_items).map(|row| Ok(Value::from(row.map_err(malformed)?.to_json_value()))).collect()
}

/// The last eight bytes are the footer's length and `PAR1`.
fn check_footer(bytes: &[u8]) -> Result<(), StatesError> {
    let length = match bytes {
        [.., a, b, c, d, b'P', b'A', b'R', b'1'] => u32::from_le_bytes([*a, *b, *c, *d]),
        _ => return Err(item_reader_failed("The object is no Parquet file.")),
    };
    if length > limits::PARQUET_FOOTER_BYTES_MAX {
        let most = limits::PARQUET_FOOTER_BYTES_MAX;
        return Err(item_reader_failed(format!("The footer of the Parquet file is larger than {most} bytes.")));
    }
    Ok(())
}

fn malformed(error: ParquetError) -> StatesError {
    item_reader_failed(format!("The Parquet file cannot be read: {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::parquet::basic::Compression;
    use ::parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use ::parquet::file::properties::WriterProperties;
    use ::parquet::file::writer::SerializedFileWriter;
    use ::parquet::schema::parser::parse_message_type;
    use std::sync::Arc;

    fn file(compression: Compression) -> Vec<u8> {
        let schema = "message orders { required binary id (UTF8); optional int64 amount; }";
        let properties = WriterProperties::builder().set_compression(compression).build();
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let ids = ["a", "b", "c"].map(ByteArray::from);
        column.typed::<ByteArrayType>().write_batch(&ids, None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[7, 9], Some(&[1, 0, 1]), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.into_inner().unwrap()
    }

    #[test]
    fn rows_become_items() {
        let items = r#"[{"id":"a","amount":7},{"id":"b","amount":null},{"id":"c","amount":9}]"#;
        for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::GZIP(Default::default())] {
            let read = read(&file(compression)[..], usize::MAX).unwrap();
            assert_eq!(Value::from(read).to_json(), items, "{compression:?}");
        }
        assert_eq!(read(&file(Compression::SNAPPY)[..], 2).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_parquet_is_refused() {
        let mut broken = file(Compression::SNAPPY);
        broken.truncate(20);
        let mut torn = file(Compression::SNAPPY);
        torn[30..60].fill(0xff);
        let long = [&b"PAR1"[..], &u32::MAX.to_le_bytes(), b"PAR1"].concat();
        for (bytes, says) in [
            (broken, "is no Parquet file"),
            (b"id,n".to_vec(), "is no Parquet file"),
            (long, "footer of the Parquet file"),
        ] {
            let error = read(&bytes[..], usize::MAX).unwrap_err();
            assert!(error.cause.as_ref().is_some_and(|cause| cause.contains(says)), "{error:?}");
        }
        // Whatever it reads of a torn file, it does not panic.
        _ = read(&torn[..], usize::MAX);
    }
}
