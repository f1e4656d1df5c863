"""Athena's API as boto3 speaks it: states, results page by page, the catalog, prepared statements."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from tests.localaws.athena.lake import BUCKET, OUTPUT, Failed, Lake
from tests.localaws.waiting import eventually

ENDLESS = (
    "SELECT count(*) FROM UNNEST(sequence(1, 9999)) AS a(x) CROSS JOIN UNNEST(sequence(1, 9999)) AS b(y) \
CROSS JOIN UNNEST(sequence(1, 9999)) AS c(z) WHERE x + y + z = 5"
)


def test_an_execution_says_what_it_was_and_what_it_left(lake: Lake) -> None:
    query = lake.start(
        "SELECT 1 AS x", QueryExecutionContext={"Database": "default", "Catalog": "AwsDataCatalog"}
    )

    execution = lake.wait(query)

    assert execution["Query"] == "SELECT 1 AS x"
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "SELECT")
    assert execution["ResultConfiguration"]["OutputLocation"] == f"{OUTPUT}{query}.csv"
    assert execution["QueryExecutionContext"] == {"Database": "default", "Catalog": "AwsDataCatalog"}
    assert execution["WorkGroup"] == "primary"
    assert execution["Status"]["CompletionDateTime"] >= execution["Status"]["SubmissionDateTime"]
    assert execution["Statistics"]["TotalExecutionTimeInMillis"] >= 0


def test_a_failure_says_why_in_the_words_of_athena(lake: Lake) -> None:
    status = lake.wait(lake.start("SELECT nothing FROM (VALUES 1) AS t(x)"))["Status"]

    assert status["State"] == "FAILED"
    assert status["StateChangeReason"].startswith("COLUMN_NOT_FOUND: line 1:8: Column 'nothing'")
    assert status["AthenaError"] == {
        "ErrorCategory": 2,
        "ErrorType": 1000,
        "Retryable": False,
        "ErrorMessage": status["StateChangeReason"],
    }


def test_a_stopped_query_is_cancelled_and_its_process_is_free_again(lake: Lake) -> None:
    query = lake.start(ENDLESS)
    eventually(lambda: lake.state(query) == "RUNNING", "the start of the query")

    lake.athena.stop_query_execution(QueryExecutionId=query)

    assert lake.state(query) == "CANCELLED"
    assert lake.rows("SELECT 1") == [["1"]]


def test_more_queries_than_may_run_wait_and_all_end(lake: Lake) -> None:
    endless = [lake.start(ENDLESS) for _ in range(4)]
    waiting = lake.start("SELECT 7")
    eventually(lambda: {lake.state(each) for each in endless} == {"RUNNING"}, "the start of four queries")

    assert lake.state(waiting) == "QUEUED"
    for each in endless:
        lake.athena.stop_query_execution(QueryExecutionId=each)
    assert lake.wait(waiting)["Status"]["State"] == "SUCCEEDED"


def test_a_query_can_be_stopped_before_it_runs(lake: Lake) -> None:
    endless = [lake.start(ENDLESS) for _ in range(4)]
    waiting = lake.start("SELECT 7")

    lake.athena.stop_query_execution(QueryExecutionId=waiting)
    for each in endless:
        lake.athena.stop_query_execution(QueryExecutionId=each)

    assert lake.wait(waiting)["Status"]["State"] == "CANCELLED"


def test_ten_queries_at_once_each_get_their_own_answer(lake: Lake) -> None:
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda number: lake.rows(f"SELECT {number} * 2"), range(10)))

    assert answers == [[[str(number * 2)]] for number in range(10)]


def test_results_come_in_pages_with_the_labels_first(lake: Lake) -> None:
    query = lake.start("SELECT x, 'a' AS y FROM UNNEST(sequence(1, 5)) AS t(x) ORDER BY x")
    lake.wait(query)

    pages = []
    token: dict[str, str] = {}
    while True:
        page = lake.athena.get_query_results(QueryExecutionId=query, MaxResults=2, **token)
        pages.append([row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}

    assert pages == [["x", "1"], ["2", "3"], ["4", "5"]]


def test_columns_are_described_as_athena_describes_them(lake: Lake) -> None:
    query = lake.start("SELECT 'abc' AS s, CAST(1.5 AS decimal(10, 2)) AS d, ARRAY[1] AS a, 1 AS i, 2E0 AS f")
    lake.wait(query)

    found = lake.athena.get_query_results(QueryExecutionId=query)["ResultSet"]["ResultSetMetadata"][
        "ColumnInfo"
    ]

    assert [(c["Label"], c["Type"], c["Precision"], c["Scale"], c["CaseSensitive"]) for c in found] == [
        ("s", "varchar", 3, 0, True),
        ("d", "decimal", 10, 2, False),
        ("a", "array", 0, 0, False),
        ("i", "integer", 10, 0, False),
        ("f", "double", 17, 0, False),
    ]
    assert {(c["CatalogName"], c["Nullable"]) for c in found} == {("hive", "UNKNOWN")}


def test_results_are_refused_until_the_query_has_ended(lake: Lake) -> None:
    query = lake.start(ENDLESS)
    with pytest.raises(ClientError, match="Query has not yet finished"):
        lake.athena.get_query_results(QueryExecutionId=query)
    lake.athena.stop_query_execution(QueryExecutionId=query)

    with pytest.raises(
        ClientError, match=r"Query did not finish successfully\. Final query state: CANCELLED"
    ):
        lake.athena.get_query_results(QueryExecutionId=query)


def test_results_whose_file_is_gone_are_not_made_up(lake: Lake) -> None:
    query = lake.start("SELECT 1")
    location = lake.wait(query)["ResultConfiguration"]["OutputLocation"]
    lake.s3.delete_object(Bucket=BUCKET, Key=location.removeprefix(f"s3://{BUCKET}/"))

    with pytest.raises(ClientError, match="Could not find results"):
        lake.athena.get_query_results(QueryExecutionId=query)


def test_a_token_starts_a_query_once(lake: Lake) -> None:
    token = "a" * 32
    first = lake.start("SELECT 1", ClientRequestToken=token)

    assert lake.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        lake.start("SELECT 2", ClientRequestToken=token)


def test_parameters_fill_the_question_marks_in_order(lake: Lake) -> None:
    answer = lake.ask("SELECT ? || ?, ? + 1", ExecutionParameters=["'it''s '", "'me'", "41"])

    assert answer.rows == [["it's me", "42"]]
    with pytest.raises(Failed, match="Incorrect number of parameters: expected 1 but found 2"):
        lake.ask("SELECT ?", ExecutionParameters=["1", "2"])


def test_parameters_are_values_as_sql_writes_them(lake: Lake) -> None:
    given = ["DATE '2020-01-31'", "ARRAY[1, 2]", "null", "CAST('7' AS bigint)", "-1.5", "true"]

    answer = lake.ask("SELECT ? + INTERVAL '1' DAY, ?, ?, ?, ?, ?", ExecutionParameters=given)

    assert answer.rows == [["2020-02-01", "[1, 2]", None, "7", "-1.5", "true"]]


@pytest.mark.parametrize(
    "text",
    [
        "Washington",
        "New York",
        "it's",
        "2020-01-01",
        "a.b",
        "user@example.com",
        "(SELECT 1)",
        "1, 2 FROM t",
        " ",
    ],
)
def test_a_parameter_that_is_no_value_is_text(lake: Lake, text: str) -> None:
    lake.ask("PREPARE same FROM SELECT ?")

    assert lake.ask("SELECT ?", ExecutionParameters=[text]).rows == [[text]]
    assert lake.ask("EXECUTE same", ExecutionParameters=[text]).rows == [[text]]


def test_a_work_group_may_limit_what_a_query_scans(lake: Lake) -> None:
    lake.put("scanned/a.csv", ("x" * 999_999 + "\n") * 10)
    lake.put("scanned/b.csv", "x")
    lake.ask(f"CREATE EXTERNAL TABLE scanned (a string) LOCATION 's3://{BUCKET}/scanned/'")
    for name, cutoff in {"enough": 10_000_001, "less": 10_000_000}.items():
        lake.athena.create_work_group(Name=name, Configuration={"BytesScannedCutoffPerQuery": cutoff})

    assert lake.rows_in("enough", "SELECT count(*) FROM scanned") == [["11"]]
    ended = lake.wait(lake.start("SELECT count(*) FROM scanned", WorkGroup="less"))
    assert ended["Status"]["State"] == "CANCELLED"
    assert ended["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    assert ended["Statistics"]["DataScannedInBytes"] == 10_000_001

    lake.athena.update_work_group(
        WorkGroup="less", ConfigurationUpdates={"RemoveBytesScannedCutoffPerQuery": True}
    )
    assert lake.rows_in("less", "SELECT count(*) FROM scanned") == [["11"]]


def test_no_output_location_is_refused(lake: Lake) -> None:
    with pytest.raises(ClientError, match="No output location provided"):
        lake.athena.start_query_execution(QueryString="SELECT 1")


def test_a_bucket_that_does_not_exist_fails_the_query(lake: Lake) -> None:
    with pytest.raises(Failed, match="Unable to verify/create output bucket nowhere"):
        lake.ask("SELECT 1", ResultConfiguration={"OutputLocation": "s3://nowhere/x/"})


def test_a_work_group_may_prescribe_where_results_go(lake: Lake) -> None:
    configuration = {
        "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/prescribed/"},
        "EnforceWorkGroupConfiguration": True,
    }
    lake.athena.create_work_group(Name="strict", Configuration=configuration)

    execution = lake.ask("SELECT 1", WorkGroup="strict").execution

    assert execution["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{BUCKET}/prescribed/")
    group = lake.athena.get_work_group(WorkGroup="strict")["WorkGroup"]
    assert group["Configuration"]["EnforceWorkGroupConfiguration"] is True
    with pytest.raises(ClientError, match="WorkGroup missing is not found"):
        lake.start("SELECT 1", WorkGroup="missing")


def test_a_work_group_is_updated(lake: Lake) -> None:
    lake.athena.create_work_group(Name="changing")
    lake.athena.update_work_group(
        WorkGroup="changing",
        ConfigurationUpdates={
            "EnforceWorkGroupConfiguration": False,
            "ResultConfigurationUpdates": {"OutputLocation": OUTPUT},
        },
    )

    assert lake.ask("SELECT 1", WorkGroup="changing").rows == [["1"]]
    lake.athena.update_work_group(WorkGroup="changing", State="DISABLED")
    with pytest.raises(ClientError, match="disabled"):
        lake.start("SELECT 1", WorkGroup="changing")


def test_executions_are_listed_newest_first_and_got_in_one_go(lake: Lake) -> None:
    lake.athena.create_work_group(Name="listed")
    queries = [lake.start(f"SELECT {number}", WorkGroup="listed") for number in range(3)]
    for query in queries:
        lake.wait(query)

    first = lake.athena.list_query_executions(WorkGroup="listed", MaxResults=2)
    rest = lake.athena.list_query_executions(WorkGroup="listed", NextToken=first["NextToken"])
    batch = lake.athena.batch_get_query_execution(QueryExecutionIds=[queries[0], "0" * 36])

    assert first["QueryExecutionIds"] + rest["QueryExecutionIds"] == queries[::-1]
    assert [found["Query"] for found in batch["QueryExecutions"]] == ["SELECT 0"]
    assert [lost["QueryExecutionId"] for lost in batch["UnprocessedQueryExecutionIds"]] == ["0" * 36]


def test_the_catalog_is_shown_as_athena_shows_it(lake: Lake) -> None:
    lake.ask("CREATE DATABASE shown COMMENT 'to look at'")
    lake.ask(
        f"CREATE EXTERNAL TABLE shown.t (a int COMMENT 'one') PARTITIONED BY (p string) LOCATION 's3://{BUCKET}/t/'"
    )
    where = {"CatalogName": "AwsDataCatalog", "DatabaseName": "shown"}

    catalogs = lake.athena.list_data_catalogs()["DataCatalogsSummary"]
    database = lake.athena.get_database(**where)["Database"]
    tables = lake.athena.list_table_metadata(**where, Expression="T.*")["TableMetadataList"]
    table = lake.athena.get_table_metadata(**where, TableName="t")["TableMetadata"]

    assert catalogs == [{"CatalogName": "AwsDataCatalog", "Type": "GLUE"}]
    assert lake.athena.get_data_catalog(Name="AwsDataCatalog")["DataCatalog"]["Type"] == "GLUE"
    assert database["Description"] == "to look at"
    names = [
        found["Name"] for found in lake.athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    ]
    assert "shown" in names
    assert [found["Name"] for found in tables] == ["t"]
    assert table["Columns"] == [{"Name": "a", "Type": "int", "Comment": "one"}]
    assert table["PartitionKeys"] == [{"Name": "p", "Type": "string"}]
    assert table["Parameters"]["location"] == f"s3://{BUCKET}/t/"
    with pytest.raises(ClientError, match="Table nothing not found"):
        lake.athena.get_table_metadata(**where, TableName="nothing")


def test_prepared_statements_belong_to_their_work_group(lake: Lake) -> None:
    lake.athena.create_work_group(Name="preparing")
    given = {"StatementName": "twice", "WorkGroup": "preparing"}
    lake.athena.create_prepared_statement(**given, QueryStatement="SELECT ? * 2 AS x")

    assert lake.rows_in("preparing", "EXECUTE twice USING 21") == [["42"]]
    lake.athena.update_prepared_statement(**given, QueryStatement="SELECT ? * 3 AS x")
    assert lake.rows_in("preparing", "EXECUTE twice USING 5") == [["15"]]
    listed = lake.athena.list_prepared_statements(WorkGroup="preparing")["PreparedStatements"]
    assert [found["StatementName"] for found in listed] == ["twice"]
    with pytest.raises(Failed, match="PreparedStatement twice was not found"):
        lake.ask("EXECUTE twice USING 1")
    lake.athena.delete_prepared_statement(**given)
    with pytest.raises(ClientError, match="was not found"):
        lake.athena.get_prepared_statement(**given)
